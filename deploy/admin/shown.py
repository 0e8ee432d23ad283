"""An answer shown in the description of the interface, beside its route."""

from collections.abc import Mapping
from typing import Any


def shown(example: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    """What a route's `responses` say of its 200: an example."""
    content = {"application/json": {"example": dict(example)}}
    return {200: {"description": "Done, and on disk.", "content": content}}
