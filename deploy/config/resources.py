"""One document to one resource: its kind, its name, its fields."""

from dataclasses import dataclass
from typing import Any

from deploy.config.known_fields import (
    KINDS,
    SINK_KINDS,
    SOURCE_KINDS,
    without_meaningless,
)
from deploy.config.mistakes import Findings, did_you_mean, shown
from deploy.config.positions import Document
from deploy.config.references import References
from deploy.config.validation import Validator


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource as found. `fields` is None where a mistake keeps it from being used.

    `name` is `namespace/name`; `written` is the resource as JSON-able values with references
    unresolved and without what has no meaning here.
    """

    kind: str
    name: str
    written: dict[str, Any]
    document: Document
    fields: Any  # the kind's own shape

    @property
    def namespace(self) -> str:
        return self.name.partition("/")[0]

    @property
    def key(self) -> tuple[str, str]:
        """What no second resource may have: kinds of sinks share their names, of sources too."""
        family = "sink" if self.kind in SINK_KINDS else self.kind
        return ("source" if self.kind in SOURCE_KINDS else family, self.name)


def declare(
    document: Document, references: References | None, findings: Findings
) -> Declared | None:
    """The resource of one document; None where not even its kind and name can be told.

    `references` is None where they are to be left as they are.
    """
    kind = _kind(document, findings)
    if kind is None:
        return None
    written, removed = without_meaningless(kind, document.value)
    for path in removed:
        findings.warnings.append(
            document.mistake(path, "has no meaning for headrace", "it is ignored", of_key=True)
        )
    fields = None
    if not document.broken:
        fields = Validator(kind, written, document, findings).fields(references)
    name = _full_name(written.get("metadata"))
    return Declared(kind, name, written, document, fields) if name else None


def _full_name(metadata: Any) -> str | None:
    """`namespace/name`, None where the metadata does not tell."""
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        return None
    return f"{metadata.get('namespace', 'default')}/{metadata['name']}"


def _kind(document: Document, findings: Findings) -> str | None:
    """The kind, if it is one of ours with its own apiVersion."""
    value = document.value
    if not isinstance(value, dict):
        remedy = "write a mapping with apiVersion, kind, metadata and spec"
        findings.mistakes.append(document.mistake((), "is no resource", remedy))
        return None
    kind, version = value.get("kind"), value.get("apiVersion")
    wrong = _wrong_kind(kind) or _wrong_version(kind, version)
    if wrong is None:
        return str(kind)
    field, what, remedy = wrong
    findings.mistakes.append(document.mistake((field,), what, remedy))
    return None


def _wrong_kind(kind: Any) -> tuple[str, str, str] | None:
    known = ", ".join(KINDS)
    if kind is None:
        return "kind", "is missing", f"write one of {known}"
    if not isinstance(kind, str):
        return "kind", "is no text", f"write one of {known}"
    if kind not in KINDS:
        return "kind", f"{shown(kind)} is no known kind", did_you_mean(kind, KINDS)
    return None


def _wrong_version(kind: Any, version: Any) -> tuple[str, str, str] | None:
    if version == KINDS[kind]:
        return None
    what = "is missing" if version is None else f"is not the apiVersion of {kind}"
    return "apiVersion", what, f"write {KINDS[kind]}"
