"""JSON with templates in its leaves, filled from an event."""

from collections.abc import Mapping
from typing import Any

from sinks.inference.path import DataPath
from sinks.inference.template import Template


class Tree:
    """A compiled tree. A leaf that is one place and nothing else becomes the value it names.

    So `{{ data/features }}` may be a list. Raises Invalid(code="invalid-template").
    """

    def __init__(self, written: Any, configured: frozenset[str] = frozenset()) -> None:
        self._root = _compiled(written, configured)

    def fill(
        self,
        attributes: Mapping[str, str],
        data: object,
        configured: Mapping[str, str] | None = None,
    ) -> Any:
        """The tree for one event. Raises Invalid(code="missing-field") for what is missing."""
        return _filled(self._root, attributes, data, configured or {})


def _compiled(written: Any, configured: frozenset[str]) -> Any:
    if isinstance(written, str):
        template = Template(written, configured)
        return template.only_path or template
    if isinstance(written, Mapping):
        return {name: _compiled(value, configured) for name, value in written.items()}
    if isinstance(written, list):
        return [_compiled(value, configured) for value in written]
    return written


def _filled(
    node: Any, attributes: Mapping[str, str], data: object, configured: Mapping[str, str]
) -> Any:
    if isinstance(node, DataPath):
        return node.one(data)
    if isinstance(node, Template):
        return node.fill(attributes, data, configured)
    if isinstance(node, dict):
        return {name: _filled(value, attributes, data, configured) for name, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, attributes, data, configured) for value in node]
    return node
