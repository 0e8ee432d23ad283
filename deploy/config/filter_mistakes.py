"""What triggers.filters finds wrong with a trigger's filters, at its line and column."""

import re
from typing import Any

from broker.errors import InvalidFilter
from deploy.config.mistakes import Mistake, PathInDocument, dotted
from deploy.config.references import has_reference
from deploy.config.resources import Declared
from deploy.config.schema_trigger import TriggerFields
from triggers.filters.build import mistakes

_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def filter_mistakes(declared: Declared, fields: TriggerFields) -> list[Mistake]:
    """All mistakes in `spec.filters` or `spec.filter`, in no particular order."""
    written = declared.written["spec"]
    if unresolved(written, fields):
        return []
    found = mistakes(fields.filters, fields.attributes)
    return [_mistake(declared, error, written) for error in found]


def unresolved(written: Any, fields: TriggerFields) -> bool:
    """True where references were left as they are: there is no filter to judge yet."""
    return has_reference(fields.filters) and has_reference(written.get("filters"))


def _mistake(declared: Declared, error: InvalidFilter, written: Any) -> Mistake:
    path: PathInDocument = ("spec", *parts(error.where or ""))
    document = declared.document
    what, remedy = error.what, error.remedy or "mend the filter"
    if has_reference(written.get("filters")) or has_reference(written.get("filter")):
        # The text of the error may repeat what a reference gave.
        what, remedy = f"a filter with references cannot be built ({error.code})", "mend it"
    while path not in document.spots:
        path = path[:-1]
    spot = document.spot(path)
    column = spot.column
    if error.column is not None:
        if spot.text_column is None:
            what = f"{what} (column {error.column} of the text)"
        else:
            column = spot.text_column + error.column - 1
    return Mistake(document.file, spot.line, column, dotted(path), what, remedy)


def parts(where: str) -> PathInDocument:
    """`filters[1].cesql` to ("filters", 1, "cesql")."""
    return tuple(int(index) if index else name for index, name in _PART.findall(where))
