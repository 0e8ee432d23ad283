"""A resource against the schema of its kind: every mistake reported, and what is left of it."""

from typing import Any

from broker.registry import load
from deploy.config.explanations import value_shown
from deploy.config.known_fields import SECRETS
from deploy.config.mistakes import Findings, InvalidValue, PathInDocument
from deploy.config.positions import Document
from deploy.config.references import References, has_reference
from deploy.config.shape_reader import Problem, read_shape

SCHEMAS = {
    "Broker": "deploy.config.schema_broker:BrokerResource",
    "Trigger": "deploy.config.schema_trigger:TriggerResource",
    "FileSink": "deploy.config.schema_file_sink:FileSinkResource",
    "InferenceSink": "deploy.config.schema_inference:InferenceSinkResource",
    "FileBatch": "deploy.config.schema_file_batch:FileBatchResource",
    "PingSource": "deploy.config.sources.ping:PingResource",
    "KafkaSource": "deploy.config.sources.kafka:KafkaResource",
    "ApiServerSource": "deploy.config.sources.api_server:ApiServerResource",
    "S3Source": "deploy.config.sources.s3:S3Resource",
    "FolderSource": "deploy.config.sources.folder:FolderResource",
    "WebhookSource": "deploy.config.sources.webhook:WebhookResource",
}


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
        """The kind's own shape; None where too little is right to make one.

        Where there were mistakes it is made of the rest, so that names and filters can be
        judged in the same run; nothing is ever assembled from it.
        """
        self._refuse_literal_secrets()
        resolved = self._resolve(self._written, (), references)
        self._refuse_misplaced(resolved)
        fields, problems = read_shape(load(SCHEMAS, self._kind), resolved)
        for problem in problems:
            self._report(problem)
        return fields

    def _report(self, problem: Problem) -> None:
        path, what = problem.path, problem.what
        if path in self._judged:
            return
        if problem.of_value:
            what = f"{value_shown(path, at(self._written, path))} {what}".lstrip()
        self._mistake(path, what, problem.remedy, of_key=problem.of_key)

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

    def _refuse_misplaced(self, resolved: dict[str, Any]) -> None:
        """What each field alone cannot know: for which protocol it is, and what must be there."""
        if self._kind != "InferenceSink":
            return
        from deploy.config.inference_fields import misplaced  # only where one is declared

        for path, what, remedy, of_key in misplaced(self._written, resolved):
            self._mistake(path, what, remedy, of_key=of_key)

    def _refuse_literal_secrets(self) -> None:
        """Secrets come by reference only: the resource as written is stored and shown."""
        for path in SECRETS.get(self._kind, ()):
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
