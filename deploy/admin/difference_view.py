"""What differs between two events, as answers show it."""

from collections.abc import Sequence
from typing import Any

from triggers.differences import Differences, Row


def differences_view(found: Differences) -> dict[str, Any]:
    """`attributes` by name; `data` by JSON pointer where both are JSON, with values as JSON texts.

    Rows have no names that hide themselves from a viewer without payload: this is for viewers.
    """
    return {
        "attributes": _rows(found.attributes, "name"),
        "data": {
            "is_json": found.is_json,
            "is_same": found.is_same_data,
            "is_same_bytes": found.is_same_bytes,
            "is_cut": found.is_cut,
            "rows": _rows(found.data, "path"),
        },
    }


def _rows(rows: Sequence[Row], key: str) -> list[dict[str, str | None]]:
    return [{key: row.path, "this": row.this, "other": row.other, "how": row.how} for row in rows]
