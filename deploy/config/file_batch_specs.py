"""Checked fields of a FileBatch to its spec, with the model that it names."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.config.mistakes import Findings, did_you_mean, dotted
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
    _refuse_later(declared, batch, findings)
    model = sinks.get(batch.sink)
    if not isinstance(model, InferenceSinkSpec):
        models = [name for name, one in sinks.items() if isinstance(one, InferenceSinkSpec)]
        what = f"there is no InferenceSink {batch.sink}"
        remedy = did_you_mean(batch.sink, models)
        findings.mistakes.append(declared.document.mistake(("spec", "sink"), what, remedy))
        return None
    return FileBatchSinkSpec(batch, model)


def _refuse_later(declared: Declared, batch: "FileBatchSpec", findings: Findings) -> None:
    """What is specified and not built: a field that silently does nothing is worse than none."""
    for path, written, built in (
        (("spec", "progress", "emit"), batch.progress.emit, "file"),
        (("spec", "progress", "checkpointEvery"), batch.progress.checkpoint_chunks, 1),
        (("spec", "call", "binary"), batch.call.binary, "auto"),
    ):
        if written != built:
            what = f"this version of headrace has no {dotted(path[1:])} but {built}"
            findings.mistakes.append(declared.document.mistake(path, what, "remove it"))
