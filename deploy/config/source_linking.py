"""Sources to their specs; one whose sink is no broker gets a hidden broker with one trigger."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.config.broker_spec import BrokerSpec
from deploy.config.destinations import Destinations
from deploy.config.mistakes import Findings, InvalidValue, PathInDocument, did_you_mean
from deploy.config.resources import Declared
from deploy.config.specs import http_options
from sinks.spec import SinkSpec
from sources.spec import SourceSpec
from triggers.trigger import TriggerSpec

if TYPE_CHECKING:  # the schema of a kind is imported only where a resource is of that kind
    from deploy.config.sources.parts import SourceResource

SINK: PathInDocument = ("spec", "sink")
HIDDEN_SUFFIX = ".source"  # no name in a configuration can end so: it would be no DNS label


class SourceLinker:
    """Adds hidden brokers and their triggers to `brokers` and `triggers`."""

    def __init__(
        self,
        brokers: dict[str, BrokerSpec],
        triggers: dict[str, TriggerSpec],
        destinations: Destinations,
        findings: Findings,
    ) -> None:
        self._brokers = brokers
        self._triggers = triggers
        self._destinations = destinations
        self._findings = findings
        self._names = [name for name, broker in brokers.items() if not broker.is_hidden]

    def link(self, all_declared: Iterable[Declared]) -> Mapping[str, SourceSpec]:
        found = {}
        for declared in all_declared:
            spec = self._source(declared)
            if spec is not None:
                found[declared.name] = spec
        return found

    def _source(self, declared: Declared) -> SourceSpec | None:
        resource: SourceResource = declared.fields
        own_name = declared.name.partition("/")[2]
        folder = Path(declared.document.file).absolute().parent
        try:
            options = resource.options(declared.namespace, own_name, folder)
        except InvalidValue as error:
            path = ("spec", *(error.where or "").split(".")) if error.where else ("spec",)
            self._mistake(declared, path, error.what, error.remedy or "mend it")
            return None
        broker = self._broker_of(declared, resource)
        if broker is None:
            return None
        extensions = dict(resource.spec.ce_overrides.extensions)
        return SourceSpec(declared.kind, declared.name, broker, options, extensions)

    def _broker_of(self, declared: Declared, resource: "SourceResource") -> str | None:
        sink = resource.spec.sink
        if sink is not None and (sink.ref is None or sink.ref.kind != "Broker"):
            return self._hidden(declared, resource)
        reference = None if sink is None else sink.ref
        own_name = reference.name if reference else "default"
        namespace = (reference and reference.namespace) or declared.namespace
        if sink is not None and sink.uri is not None:
            what = "stands beside a ref to a Broker, which takes events at one path only"
            self._mistake(declared, (*SINK, "uri"), what, "remove one of the two")
        name = f"{namespace}/{own_name}"
        if name not in self._names:
            path = (*SINK, "ref", "name") if reference else ("spec",)
            remedy = did_you_mean(name, self._names) if self._names else f"add a Broker {name}"
            self._mistake(declared, path, f"there is no broker {name} for its events", remedy)
            return None
        return name

    def _hidden(self, declared: Declared, resource: "SourceResource") -> str | None:
        """A broker of its own: what goes to a URL is durable and retried like everything else."""
        broker = BrokerSpec(declared.name + HIDDEN_SUFFIX, is_hidden=True)
        options = http_options({}, broker)
        sink = self._destinations.find(declared, SINK, resource.spec.sink, options)
        if sink is None:
            return None
        self._brokers[broker.name] = broker
        self._triggers[broker.name] = _trigger(declared, broker, sink)
        return broker.name

    def _mistake(self, declared: Declared, path: PathInDocument, what: str, remedy: str) -> None:
        self._findings.mistakes.append(declared.document.mistake(path, what, remedy))


def _trigger(declared: Declared, broker: BrokerSpec, sink: SinkSpec) -> TriggerSpec:
    """Delivers all of the source's events; of the same name as its broker."""
    namespace, _, own_name = broker.name.partition("/")
    document = {
        "metadata": {"name": own_name, "namespace": namespace},
        "spec": {"broker": own_name, "subscriber": declared.written["spec"]["sink"]},
    }
    return TriggerSpec(
        name=broker.name,
        broker=broker.name,
        sink=sink,
        document=document,
        policy=broker.delivery,
        start="earliest",
    )
