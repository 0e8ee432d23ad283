"""Checked fields of a FileBatch to its spec, with the model that it names."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.config.mistakes import Findings, did_you_mean
from deploy.config.resources import Declared
from sinks.spec import FileBatchSinkSpec, InferenceSinkSpec, SinkSpec

if TYPE_CHECKING:  # its schema is imported only where a resource is of that kind
    from deploy.config.schema_file_batch import FileBatchResource
    from sinks.file_batch.spec import FileBatchSpec


def file_batch_spec(
    declared: Declared, sinks: Mapping[str, SinkSpec], findings: Findings
) -> FileBatchSinkSpec | None:
    """None where it names no InferenceSink of `sinks`; that is then among the findings.

    A relative root counts from the folder of the YAML file.
    """
    resource: FileBatchResource = declared.fields
    folder = Path(declared.document.file).parent.absolute()
    batch = resource.file_batch(folder)
    model = sinks.get(batch.sink)
    if not isinstance(model, InferenceSinkSpec):
        models = [name for name, one in sinks.items() if isinstance(one, InferenceSinkSpec)]
        what = f"there is no InferenceSink {batch.sink}"
        remedy = did_you_mean(batch.sink, models)
        findings.mistakes.append(declared.document.mistake(("spec", "sink"), what, remedy))
        return None
    for path, what, remedy in _misfits(batch, model):
        findings.mistakes.append(declared.document.mistake(path, what, remedy))
    return FileBatchSinkSpec(batch, model)


def _misfits(
    batch: "FileBatchSpec", model: InferenceSinkSpec
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Options that mean nothing with this model: where, what, remedy."""
    if batch.call.binary != "auto" and model.protocol != "v2":
        what = f"means nothing to {model.name}, whose protocol is {model.protocol}"
        yield ("spec", "call", "binary"), what, "remove it, or speak protocol v2"
    if batch.progress.tells_records and model.reply_mode == "none":
        what = f"asks for events of replies, and {model.name} has none (reply.mode)"
        yield ("spec", "progress", "emit"), what, "write emit: file, or another reply.mode"
