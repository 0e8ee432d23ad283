"""A resource against the schema of its kind: every mistake reported, and what is left of it."""

from typing import Any

from pydantic import ValidationError

from deploy.config.explanations import explain
from deploy.config.known_fields import LATER_INFERENCE_FIELDS, LATER_PROTOCOLS, holder_of
from deploy.config.mistakes import Findings, InvalidValue, PathInDocument, dotted
from deploy.config.positions import Document
from deploy.config.references import References, has_reference
from deploy.config.schema_broker import BrokerResource
from deploy.config.schema_parts import Resource
from deploy.config.schema_sinks import FileSinkResource, InferenceSinkResource
from deploy.config.schema_trigger import TriggerResource

SCHEMAS: dict[str, type[Resource]] = {
    "Broker": BrokerResource,
    "Trigger": TriggerResource,
    "FileSink": FileSinkResource,
    "InferenceSink": InferenceSinkResource,
}
_ROUNDS_MAX = 4


class Validator:
    """Judges one resource: `written` as it stands in `document`."""

    def __init__(
        self, kind: str, written: dict[str, Any], document: Document, findings: Findings
    ) -> None:
        self._kind = kind
        self._written = written
        self._document = document
        self._findings = findings
        self._judged: set[PathInDocument] = set()  # nothing more is to be said of these

    def fields(self, references: References | None) -> Any:
        """The kind's model; None where too little is right to make one.

        Where there were mistakes it is made of the rest, so that names and filters can be
        judged in the same run; nothing is ever assembled from it.
        """
        self._refuse_literal_secrets()
        self._refuse_later_fields()
        resolved = self._resolve(self._written, (), references)
        for round_number in range(_ROUNDS_MAX):
            try:
                return SCHEMAS[self._kind].model_validate(resolved)
            except ValidationError as invalid:
                for error in invalid.errors(include_url=False, include_input=False):
                    if round_number == 0:
                        self._report(error)
                    _remove(resolved, error["loc"])
        return None

    def _report(self, error: Any) -> None:
        path: PathInDocument = error["loc"]
        if path in self._judged:
            return
        what, remedy = explain(error, at(self._written, path), SCHEMAS[self._kind])
        self._mistake(path, what, remedy, of_key=error["type"] == "extra_forbidden")

    def _mistake(
        self, path: PathInDocument, what: str, remedy: str, *, of_key: bool = False
    ) -> None:
        self._judged.add(path)
        self._findings.mistakes.append(self._document.mistake(path, what, remedy, of_key=of_key))

    def _resolve(self, value: Any, path: PathInDocument, references: References | None) -> Any:
        """A copy with the references under `spec` replaced, where they are to be."""
        if isinstance(value, dict):
            return {
                key: self._resolve(item, (*path, key), references) for key, item in value.items()
            }
        if isinstance(value, list):
            return [
                self._resolve(item, (*path, index), references) for index, item in enumerate(value)
            ]
        if path[:1] != ("spec",) or not has_reference(value):
            return value
        if references is None:
            self._judged.add(path)
            return value
        try:
            return references.resolve(value)
        except InvalidValue as error:
            self._mistake(path, error.what, error.remedy or "mend it")
            return value

    def _refuse_later_fields(self) -> None:
        """What is specified for this kind and not built yet."""
        if self._kind != "InferenceSink":
            return
        for path in LATER_INFERENCE_FIELDS:
            if holder_of(self._written, path) is not None:
                what = f"this version of headrace has no {dotted(path[1:])} for protocol onnx"
                self._mistake(path, what, "remove it", of_key=True)
        protocol = at(self._written, ("spec", "protocol"))
        if isinstance(protocol, str) and protocol in LATER_PROTOCOLS:
            what = f"this version of headrace has no protocol {protocol} yet"
            self._mistake(("spec", "protocol"), what, "write onnx")

    def _refuse_literal_secrets(self) -> None:
        """Secrets come by reference only: the resource as written is stored and shown."""
        for name in ("secret", "previous"):
            path = ("spec", "delivery", "signing", name)
            value = at(self._written, path)
            if isinstance(value, str) and not has_reference(value):
                self._mistake(
                    path,
                    "is a secret written into the configuration",
                    "write ${env:NAME} or ${file:path} instead",
                )


def at(value: Any, path: PathInDocument) -> Any:
    """The value at `path`, None where there is none."""
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _remove(value: Any, path: PathInDocument) -> None:
    """Take out what was refused: a whole list where an item was, so that no index moves."""
    end = next((index for index, part in enumerate(path) if isinstance(part, int)), len(path))
    path = path[:end]
    while path and holder_of(value, path) is None:
        path = path[:-1]  # something is missing in it
    if path and (holder := holder_of(value, path)) is not None:
        del holder[str(path[-1])]
