"""A trigger from the document that is stored with its revision, when its file no longer has it.

Its broker and sinks are those of the present configuration: what is restored delivers where
it would deliver if it stood there still.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from broker.errors import InvalidConfig
from deploy.config.broker_spec import DEFAULT_WRITTEN, Configuration, Written
from deploy.config.known_fields import EVENTING
from deploy.config.linking import Linker
from deploy.config.mistakes import Findings
from deploy.config.positions import Document
from deploy.config.references import References
from deploy.config.resources import Declared, declare
from triggers.trigger import TriggerSpec

STORED = "the stored trigger"


def restored(
    document: bytes, broker: str, configuration: Configuration, environment: Mapping[str, str]
) -> TriggerSpec:
    """The trigger of `broker` that `document` describes.

    References to files count from the folder of its broker's file: its own is forgotten.
    Raises InvalidConfig where it cannot be: its sink is gone, or a reference.
    """
    value: dict[str, Any] = {"apiVersion": EVENTING, "kind": "Trigger", **orjson.loads(document)}
    findings = Findings()
    file = configuration.written.get(("Broker", broker), DEFAULT_WRITTEN).file
    own = declare(Document(STORED, value), _references(file, environment), findings)
    declared = [*_surroundings(broker, configuration, environment), *([own] if own else [])]
    # What is wrong with the others was judged when they were read.
    linked = Linker(declared, findings).link()
    mistakes = [mistake for mistake in findings.mistakes if mistake.file == STORED]
    if own is None or mistakes or own.name not in linked.triggers:
        lines = [f"{mistake.path}: {mistake.what}; {mistake.remedy}" for mistake in mistakes]
        raise InvalidConfig(f"{STORED} cannot be used any more", lines)
    return linked.triggers[own.name]


def _surroundings(
    broker: str, configuration: Configuration, environment: Mapping[str, str]
) -> Iterator[Declared]:
    """Its broker and all sinks, as they are configured now."""
    for (family, name), written in configuration.written.items():
        if family == "sink" or (family, name) == ("Broker", broker):
            found = _declared(written, environment)
            if found is not None:
                yield found


def _declared(written: Written, environment: Mapping[str, str]) -> Declared | None:
    document = Document(written.file, dict(written.value))
    return declare(document, _references(written.file, environment), Findings())


def _references(file: str, environment: Mapping[str, str]) -> References:
    return References(environment, Path(file).parent)
