"""Resources to one configuration: names found, defaults merged, filters judged."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from deploy.config.broker_spec import BrokerSpec
from deploy.config.destinations import Destinations
from deploy.config.file_batch_specs import file_batch_spec
from deploy.config.filter_mistakes import filter_mistakes
from deploy.config.inference_specs import inference_sink_spec
from deploy.config.known_fields import SINK_KINDS, SOURCE_KINDS
from deploy.config.loops import matches_own_replies
from deploy.config.mistakes import Findings, InvalidValue, PathInDocument, did_you_mean, shown
from deploy.config.resources import Declared
from deploy.config.schema_trigger import TriggerFields
from deploy.config.source_linking import SourceLinker
from deploy.config.specs import (
    broker_spec,
    delivery_fields,
    file_sink_spec,
    http_options,
    trigger_spec,
)
from sinks.spec import FileBatchSinkSpec, InferenceSinkSpec, SinkSpec
from sources.spec import SourceSpec
from triggers.trigger import TriggerSpec

SUBSCRIBER: PathInDocument = ("spec", "subscriber")
DEAD_LETTER_SINK: PathInDocument = ("spec", "delivery", "deadLetterSink")
FILE_BATCH = frozenset({"FileBatch"})
SOURCES_NAMESPACE = "sources"  # the ingress serves webhook sources below /sources/


class Linked(NamedTuple):
    brokers: dict[str, BrokerSpec]
    sinks: dict[str, SinkSpec]
    triggers: dict[str, TriggerSpec]
    sources: Mapping[str, SourceSpec]


class Linker:
    """Takes all resources, gives specs; every mistake between resources goes to `findings`.

    Specs of resources with mistakes are made as far as they go, only to judge the others.
    """

    def __init__(self, declared: Iterable[Declared], findings: Findings) -> None:
        self._findings = findings
        self._declared = self._named_once(declared)
        self._broker_names = [name for family, name in self._declared if family == "Broker"]
        self._sinks: dict[str, SinkSpec] = {}
        self._brokers: dict[str, BrokerSpec] = {}
        self._files: dict[str, str] = {}  # resolved, and the FileSink that has it
        self._destinations = Destinations(self._declared, self._sinks, findings)

    def link(self) -> Linked:
        for declared in self._of(SINK_KINDS - FILE_BATCH):
            self._add_sink(declared)
        for declared in self._of(FILE_BATCH):
            batch = file_batch_spec(declared, self._sinks, self._findings)
            self._sinks |= {} if batch is None else {declared.name: batch}
        for declared in self._of({"Broker"}):
            self._brokers[declared.name] = broker_spec(declared)
            self._judge_namespace(declared)
        triggers = {}
        for declared in self._of({"Trigger"}):
            if (trigger := self._trigger(declared)) is not None:
                triggers[declared.name] = trigger
        sources = SourceLinker(self._brokers, triggers, self._destinations, self._findings)
        found = sources.link(self._of(SOURCE_KINDS))
        return Linked(self._brokers, self._sinks, triggers, found)

    def _of(self, kinds: Iterable[str]) -> Iterator[Declared]:
        return (
            declared
            for declared in self._declared.values()
            if declared.kind in kinds and declared.fields is not None
        )

    def _named_once(self, all_declared: Iterable[Declared]) -> dict[tuple[str, str], Declared]:
        found: dict[tuple[str, str], Declared] = {}
        for declared in all_declared:
            first = found.setdefault(declared.key, declared)
            if first is not declared:
                spot = first.document.spot(("metadata", "name"))
                what = (
                    f"{declared.kind} {declared.name} is already declared "
                    f"at {first.document.file}:{spot.line}"
                )
                self._mistake(declared, ("metadata", "name"), what, "rename or remove one of them")
        return found

    def _mistake(self, declared: Declared, path: PathInDocument, what: str, remedy: str) -> None:
        self._findings.mistakes.append(declared.document.mistake(path, what, remedy))

    def _warn(self, declared: Declared, path: PathInDocument, what: str, remedy: str) -> None:
        self._findings.warnings.append(declared.document.mistake(path, what, remedy))

    def _add_sink(self, declared: Declared) -> None:
        if declared.kind == "FileSink":
            spec = file_sink_spec(declared)
            self._judge_path(declared, spec.path)
            self._sinks[declared.name] = spec
            return
        try:
            model = inference_sink_spec(declared)
        except InvalidValue as error:
            what = f"the value {error.what}"
            self._mistake(declared, ("spec", "url"), what, error.remedy or "mend it")
            return
        self._sinks[declared.name] = model
        if model.protocol != "onnx":
            return
        if not Path(unquote(model.url.removeprefix("file:"))).is_file():
            remedy = "put the model there before the first event comes"
            self._warn(declared, ("spec", "url"), "there is no such file yet", remedy)

    def _judge_path(self, declared: Declared, path: str) -> None:
        """Two sinks on one file would write into each other's lines and rotate them away."""
        first = self._files.setdefault(resolved(path), declared.name)
        if first != declared.name:
            what = f"is the file of FileSink {first} already"
            self._mistake(declared, ("spec", "path"), what, f"name another, or use {first}")

    def _judge_namespace(self, declared: Declared) -> None:
        if declared.namespace == SOURCES_NAMESPACE:
            what = f"{SOURCES_NAMESPACE!r} cannot hold brokers: its paths are those of sources"
            self._mistake(declared, ("metadata", "namespace"), what, "name another namespace")

    def _trigger(self, declared: Declared) -> TriggerSpec | None:
        fields: TriggerFields = declared.fields.spec
        broker = self._broker_of(declared, fields)
        bad_filters = filter_mistakes(declared, fields)
        self._findings.mistakes.extend(bad_filters)
        delivery = self._delivery(broker, fields)
        options = http_options(delivery, broker)
        sink = self._destinations.find(declared, SUBSCRIBER, fields.subscriber, options)
        # Not signed: whoever shares the secret could forge deliveries to the subscriber.
        unsigned = replace(options, signing=None)
        dead_letter_sink = self._destinations.find(
            declared, DEAD_LETTER_SINK, delivery.get("dead_letter_sink"), unsigned
        )
        self._judge_subscriber(declared, fields, sink, bool(bad_filters))
        if isinstance(dead_letter_sink, FileBatchSinkSpec):
            what, remedy = "cannot be a FileBatch: a dead letter is no file", "name another sink"
            self._mistake(declared, DEAD_LETTER_SINK, what, remedy)
        if broker is None or sink is None:
            return None
        if isinstance(sink, FileBatchSinkSpec):
            sink = replace(sink, egress=broker.egress)
        return trigger_spec(declared, broker, sink, delivery, dead_letter_sink)

    def _broker_of(self, declared: Declared, fields: TriggerFields) -> BrokerSpec | None:
        name = f"{declared.namespace}/{fields.broker}"
        if ("Broker", name) not in self._declared:
            own = f"{declared.namespace}/"
            names = [
                known.removeprefix(own) for known in self._broker_names if known.startswith(own)
            ]
            remedy = did_you_mean(fields.broker, names) if names else f"add a Broker {name}"
            self._mistake(declared, ("spec", "broker"), f"there is no broker {name}", remedy)
        return self._brokers.get(name)

    def _delivery(self, broker: BrokerSpec | None, fields: TriggerFields) -> dict[str, Any]:
        """The broker's delivery with the trigger's own fields over it."""
        defaults: Mapping[str, Any] = {}
        if broker is not None:
            defaults = delivery_fields(self._declared["Broker", broker.name].fields.spec.delivery)
        return {**defaults, **delivery_fields(fields.delivery)}

    def _judge_subscriber(
        self, declared: Declared, fields: TriggerFields, sink: SinkSpec | None, bad_filters: bool
    ) -> None:
        if fields.subscriber is None and "subscriber" not in declared.written.get("spec", {}):
            remedy = "add subscriber: {uri: http://host/path}, or {ref: {kind: FileSink, name: …}}"
            self._mistake(declared, SUBSCRIBER, "is missing", remedy)
        if fields.filters and fields.filter is not None:
            what = "is not looked at, because there are filters"
            self._warn(declared, ("spec", "filter"), what, "keep only filters")
        if isinstance(sink, FileBatchSinkSpec) and sink.batch.progress.tells_records:
            sink = sink.model  # an event for each record has the type of its replies
        if bad_filters or not isinstance(sink, InferenceSinkSpec) or sink.reply.allow_loop:
            return
        if matches_own_replies(fields.filters, fields.attributes, sink):
            self._mistake(
                declared,
                ("spec", "filters") if fields.filters else SUBSCRIBER,
                f"matches the replies of its own sink (type {shown(sink.reply.type)}), "
                "which would go round",
                "ask for another type in filters, or set spec.reply.allowLoop: true "
                f"in InferenceSink {sink.name}",
            )


def resolved(path: str) -> str:
    """The file behind links and `..`; as written where it leads in circles or cannot be a path."""
    try:
        return str(Path(path).resolve())
    except (OSError, RuntimeError, ValueError):
        return path
