"""Which variant an event goes to, and which events share a call. Pure."""

import hashlib
from collections.abc import Sequence

from broker.delivery import Delivery
from sinks.inference.protocol import Item
from sinks.inference_spec import VariantSpec

ALONE_FROM_ATTEMPT = 3


class Split:
    """Sticky: the same value of `key` always goes to the same variant, as long as weights stay."""

    def __init__(self, sink: str, variants: Sequence[VariantSpec], key: str) -> None:
        self._sink = sink
        self._key = key
        self._bounds: list[tuple[int, str]] = []  # ascending, each the end of a variant's share
        total = 0
        for variant in variants:
            total += variant.weight
            if variant.weight > 0:
                self._bounds.append((total, variant.name))
        if variants and not self._bounds:  # nothing but weight 0: somebody has to answer
            self._bounds.append((1, variants[0].name))

    def variant_of(self, delivery: Delivery) -> str:
        """The name of its variant; empty where there are none."""
        if not self._bounds:
            return ""
        event = delivery.event
        value = event.attributes.get(self._key, event.id)
        digest = hashlib.sha256(f"{self._sink}\0{value}".encode()).digest()
        point = int.from_bytes(digest[:8], "big") % self._bounds[-1][0]
        return next(name for bound, name in self._bounds if point < bound)


def grouped(items: Sequence[Item], records_max: int, bytes_max: int) -> list[list[Item]]:
    """Items that may share a call: of one key, within both bounds unless one is beyond them.

    In their order; one event's records stay together. What has failed before with others is
    tried alone in the end: an event that breaks connections must take nobody with it.
    """
    groups: list[list[Item]] = []
    open_: dict[object, tuple[list[Item], int, int]] = {}
    for item in items:
        if item.delivery.attempt >= ALONE_FROM_ATTEMPT:
            groups.append([item])
            continue
        group, records, size_bytes = open_.get(item.key, ([], records_max, bytes_max))
        records, size_bytes = records + item.records, size_bytes + item.size_bytes
        if records > records_max or size_bytes > bytes_max:
            group, records, size_bytes = [], item.records, item.size_bytes
            groups.append(group)
        group.append(item)
        open_[item.key] = (group, records, size_bytes)
    return groups
