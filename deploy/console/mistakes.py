"""Where in a query the mistake is, so that a page can point at it."""

import re

from deploy.console.asking import Refused

COLUMN = re.compile(r"column (\d{1,6})")


def column_of(refused: Refused | None) -> int | None:
    """From 1; None where the refusal names none."""
    found = COLUMN.search(refused.where or "") if refused else None
    return int(found[1]) if found else None
