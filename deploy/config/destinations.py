"""Where a trigger's deliveries go: a URL, or a sink of this configuration by its name."""

from collections.abc import Mapping
from dataclasses import replace

from deploy.config.known_fields import SINK_KINDS
from deploy.config.mistakes import Findings, PathInDocument, did_you_mean, shown
from deploy.config.resources import Declared
from deploy.config.schema_delivery import Destination, Reference
from deploy.config.urls import SECRET_PARAMETERS
from deploy.config.validation import at
from sinks.spec import HttpSinkSpec, SinkSpec


class Destinations:
    """Finds sinks among `declared` (by family and name); `sinks` are those in order."""

    def __init__(
        self,
        declared: Mapping[tuple[str, str], Declared],
        sinks: Mapping[str, SinkSpec],
        findings: Findings,
    ) -> None:
        self._declared = declared
        self._sinks = sinks
        self._findings = findings
        self._names = {
            kind: [found.name for found in declared.values() if found.kind == kind]
            for kind in SINK_KINDS
        }

    def find(
        self,
        trigger: Declared,
        path: PathInDocument,
        destination: Destination | None,
        options: HttpSinkSpec,
    ) -> SinkSpec | None:
        """The sink at `path` of `trigger`; None where there is none or a mistake was reported.

        `options` is an HTTP sink but for its URL.
        """
        if destination is None:
            return None
        if destination.ref is None:
            self._warn_of_secret(trigger, path)
            return replace(options, url=str(destination.uri))
        if destination.uri is not None:
            what = f"stands beside a ref to a {destination.ref.kind}, which has no URL"
            self._mistake(trigger, (*path, "uri"), what, "remove one of the two")
        return self._named(trigger, (*path, "ref"), destination.ref)

    def _named(
        self, trigger: Declared, path: PathInDocument, reference: Reference
    ) -> SinkSpec | None:
        kind, name = reference.kind, f"{reference.namespace or trigger.namespace}/{reference.name}"
        if kind not in SINK_KINDS:
            remedy = f"name one of {', '.join(sorted(SINK_KINDS))}; or give a uri"
            self._mistake(trigger, (*path, "kind"), f"{shown(kind)} is no kind of sink", remedy)
            return None
        found = self._declared.get(("sink", name))
        if found is None or found.kind != kind:
            remedy = f"it is a {found.kind}" if found else did_you_mean(name, self._names[kind])
            self._mistake(trigger, (*path, "name"), f"there is no {kind} {name}", remedy)
            return None
        return self._sinks.get(name)

    def _warn_of_secret(self, trigger: Declared, path: PathInDocument) -> None:
        path = (*path, "uri")
        query = str(at(trigger.written, path)).partition("?")[2]
        # A reference right after the `=` is how it should be.
        literal = query.replace("=${", "")
        if SECRET_PARAMETERS.search(literal):
            what = "the query of the URL seems to hold a secret"
            self._findings.warnings.append(
                trigger.document.mistake(path, what, "write ${env:NAME} for its value")
            )

    def _mistake(self, trigger: Declared, path: PathInDocument, what: str, remedy: str) -> None:
        self._findings.mistakes.append(trigger.document.mistake(path, what, remedy))
