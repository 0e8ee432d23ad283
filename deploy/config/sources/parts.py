"""What all kinds of sources have in their YAML: where events go, and what is set on each."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from deploy.config.mistakes import InvalidValue
from deploy.config.schema_delivery import Destination
from deploy.config.schema_parts import Resource, attribute_name
from deploy.config.shapes import Judge, Shape

# Of the event itself, or headrace's own: an override would make another event of it.
RESERVED = frozenset({
    "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema",
    "data", "headracehops",
})  # fmt: skip


def _extensions(values: Mapping[str, str]) -> Mapping[str, str]:
    for name in values:
        attribute_name(name)
        if name in RESERVED:
            what, remedy = f"overrides {name}, which is no extension", "choose another name"
            raise InvalidValue(what, remedy=remedy)
    return values


class Overrides(Shape):
    extensions: Annotated[Mapping[str, str], Judge(_extensions)] = MappingProxyType({})


class SourceFields(Shape):
    """Every kind's `spec` begins with these; without a `sink` it is broker `default`."""

    sink: Destination | None = None
    ce_overrides: Overrides = Overrides()


class SourceResource(Resource):
    """A document of any kind; each kind's own class has its `spec` and makes its options."""

    spec: SourceFields

    def options(self, namespace: str, name: str, folder: Path) -> Any:
        """The kind's options; relative paths count from `folder`.

        Raises InvalidValue where fields do not go together; `where` is a path below `spec`.
        """
        raise NotImplementedError
