"""`headrace cesql`."""

import sys


def cesql() -> None:
    """Evaluate CESQL: NDJSON lines {"expression": …, "event": {…}} in, one answer a line out.

    An answer is {"value": …, "errors": […]}; the errors are named parse, math, cast,
    missingAttribute, missingFunction, functionEvaluation, generic.

    \b
    Example:
      echo '{"expression": "type LIKE '"'a%'"'", "event": {"type": "abc"}}' | headrace cesql
    """
    from triggers.filters.cesql.lines import answer_line

    at_a_terminal = sys.stdin.isatty()
    for line in sys.stdin.buffer:
        if line.strip():
            print(answer_line(line.decode(errors="replace")), flush=at_a_terminal)
