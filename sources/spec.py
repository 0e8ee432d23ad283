"""What a configuration says of a source: a frozen value, made by deploy/config, read by kinds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source. `options` is the kind's own frozen value; it may hold resolved secrets.

    `broker` gets its events: a hidden one, with a single trigger, where its sink is no broker.
    `extensions` are set on every event (`ceOverrides.extensions`).
    """

    kind: str  # such as KafkaSource
    name: str  # namespace/name
    broker: str  # namespace/name
    options: Any = field(repr=False)
    extensions: Mapping[str, str] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        return self.name.partition("/")[0]

    @property
    def own_name(self) -> str:
        """Without its namespace."""
        return self.name.partition("/")[2]
