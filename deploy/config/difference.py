"""What a new configuration would change, and what that means for what is not settled yet. Pure.

Resources are compared as written: a reference is the same while its text is, whatever it gives.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from deploy.config.broker_spec import Key, Written
from deploy.config.known_fields import SECRETS, SOURCE_KINDS
from deploy.config.meanings import Unsettled, meaning_of

Resources = Mapping[Key, Written]
KINDS = ("Broker", "FileSink", "InferenceSink", "FileBatch", "Trigger", *sorted(SOURCE_KINDS))
# They may hold a secret, whatever else they say.
HIDDEN = frozenset({"uri", "url", "user", "accessKeyId"}) | {
    str(path[-1]) for paths in SECRETS.values() for path in paths
}
VALUE_CHARACTERS_MAX = 200
DEPTH = 3  # of a path below `spec`: what is further in is one value


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, `spec.` left out; None where it was not written. Values are for people."""

    path: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one resource; `means` are sentences, the most important first."""

    kind: str
    name: str
    change: Literal["added", "removed", "changed"]
    fields: tuple[FieldChange, ...] = ()
    means: tuple[str, ...] = ()


def difference(
    old: Resources, new: Resources, unsettled: Mapping[str, Unsettled]
) -> tuple[Change, ...]:
    """All that differs, brokers first, then sinks, triggers, sources, each by name.

    `unsettled` is what running triggers still have to do, by name; also of those that are
    being removed and that `old` does not name any more.
    """
    changes = [_change(key, old.get(key), new.get(key)) for key in {**old, **new}]
    found = [change for change in changes if change is not None]
    found.sort(key=lambda change: (KINDS.index(change.kind), change.name))
    return tuple(replace(one, means=_meaning(one, new, unsettled)) for one in found)


def _meaning(change: Change, new: Resources, unsettled: Mapping[str, Unsettled]) -> tuple[str, ...]:
    paths = tuple(one.path for one in change.fields)
    names = (change.name,) if change.kind == "Trigger" else users_of(change, new)
    return meaning_of(change.kind, change.change, paths, [unsettled.get(name) for name in names])


def users_of(change: Change, resources: Resources) -> tuple[str, ...]:
    """The triggers that deliver to a sink, or that are of a broker."""
    found = []
    for written in resources.values():
        if written.kind != "Trigger":
            continue
        spec = written.value.get("spec") or {}
        if change.name in _named(spec, written.name.partition("/")[0], change.kind):
            found.append(written.name)
    return tuple(found)


def _named(spec: Mapping[str, Any], namespace: str, kind: str) -> Iterator[str]:
    """What a trigger refers to: its broker, or its sinks of a kind."""
    if kind == "Broker":
        yield f"{namespace}/{spec.get('broker', 'default')}"
        return
    for destination in (
        spec.get("subscriber"),
        (spec.get("delivery") or {}).get("deadLetterSink"),
    ):
        reference = (destination or {}).get("ref") or {}
        if reference.get("kind") == kind:
            yield f"{reference.get('namespace', namespace)}/{reference.get('name')}"


def _change(key: Key, old: Written | None, new: Written | None) -> Change | None:
    if old is None or new is None:
        one = old or new
        assert one is not None  # `key` is from one of the two
        return Change(one.kind, key[1], "added" if old is None else "removed")
    if old.kind != new.kind:  # the kinds of sinks share their names, those of sources too
        return Change(new.kind, key[1], "changed", (FieldChange("kind", old.kind, new.kind),))
    fields = tuple(field_changes(old.value.get("spec") or {}, new.value.get("spec") or {}))
    return Change(new.kind, key[1], "changed", fields) if fields else None


def field_changes(old: Any, new: Any, path: Sequence[str] = ()) -> Iterator[FieldChange]:
    """Every field below `path` that differs, in the order of `new`, then of `old`."""
    if old == new:
        return
    if len(path) < DEPTH and isinstance(old, dict | None) and isinstance(new, dict | None):
        before, after = old or {}, new or {}
        for name in {**after, **before}:
            yield from field_changes(before.get(name), after.get(name), (*path, str(name)))
        return
    yield FieldChange(".".join(path), shown_value(path, old), shown_value(path, new))


def shown_value(path: Sequence[str], value: Any) -> str | None:
    """A value in few characters; one that may hold a secret is not repeated."""
    if value is None:
        return None
    if holds_hidden(path, value):
        return "(not shown)"
    text = value if isinstance(value, str) else _as_text(value)
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[:VALUE_CHARACTERS_MAX] + "…"


def holds_hidden(path: Sequence[str], value: Any) -> bool:
    if path and path[-1] in HIDDEN:
        return True
    if isinstance(value, dict):
        return any(holds_hidden((str(name),), item) for name, item in value.items())
    return isinstance(value, list) and any(holds_hidden((), item) for item in value)


def _as_text(value: Any) -> str:
    """Flow-style YAML, near enough for reading."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_as_text(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_as_text(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
