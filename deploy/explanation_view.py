"""The explanation of a filter as plain JSON-able values, for the API and the command line."""

from typing import Any

from triggers.filters.explanation import Clause, Explanation


def explanation_view(explanation: Explanation) -> dict[str, Any]:
    """The whole tree, and the clause that decided without its own parts."""
    return {
        "matched": explanation.matched,
        "deciding": clause_line(explanation.deciding),
        "clauses": clause_tree(explanation.root),
    }


def clause_line(clause: Clause) -> dict[str, Any]:
    """One clause by itself."""
    return {
        "path": clause.path,
        "asks": clause.asks,
        "holds": clause.holds,
        "seen": dict(clause.seen),
    }


def clause_tree(clause: Clause) -> dict[str, Any]:
    view = clause_line(clause)
    if clause.joins:
        view["joins"] = clause.joins
    if clause.value is not None or clause.errors or not clause.was_asked:
        view |= {"value": clause.value, "errors": list(clause.errors)}
        view["was_asked"] = clause.was_asked
    if clause.parts:
        view["parts"] = [clause_tree(part) for part in clause.parts]
    return view
