"""Tables of kinds: a name to where it is made, imported only when a configuration names it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from broker.errors import Invalid


def load(table: Mapping[str, str], kind: str, extra: str | None = None) -> Any:
    """Import what `table` names for `kind`, e.g. `"kafka": "sources.kafka:KafkaSource"`.

    Raises Invalid(code="unknown-kind") naming the kinds there are, and
    Invalid(code="missing-extra") when the kind needs a package that is not installed: that of
    `extra`, which is called like the kind where none is given.
    """
    if kind not in table:
        raise Invalid(
            f"there is no {kind!r}", code="unknown-kind", remedy=f"name one of: {', '.join(table)}"
        )
    module, _, name = table[kind].partition(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise Invalid(
            f"{kind} needs the package {error.name}, which is not installed",
            code="missing-extra",
            remedy=f"install headrace[{extra or kind}]",
        ) from error
