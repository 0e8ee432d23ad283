"""Read a configuration: files and folders to specs, or every mistake in all of them at once."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from broker.errors import InvalidConfig
from deploy.config.broker_spec import (
    DEFAULT_BROKER,
    DEFAULT_WRITTEN,
    BrokerSpec,
    Configuration,
    Written,
)
from deploy.config.linking import Linker
from deploy.config.mistakes import Findings, Mistake
from deploy.config.positions import Document, read_documents
from deploy.config.references import References
from deploy.config.resources import Declared, declare

FILE_BYTES_MAX = 8 * 2**20
FILES_MAX = 10_000
MISTAKES_MAX = 10_000  # listed; the others are counted
_SUFFIXES = frozenset({".yaml", ".yml"})


def read_configuration(
    paths: Sequence[Path], environment: Mapping[str, str], resolve: bool = True
) -> Configuration:
    """The configuration of all `paths` together; broker default/default where there are none.

    A folder stands for the *.yaml and *.yml in it, sorted, not those in folders below.
    With `resolve` false references stay as they are: good for checking, not for running.
    Raises InvalidConfig with all mistakes as `file:line:col: path: what; remedy`, sorted.
    """
    if not paths:
        written = {("Broker", DEFAULT_BROKER): DEFAULT_WRITTEN}
        return Configuration({DEFAULT_BROKER: BrokerSpec(DEFAULT_BROKER)}, written=written)
    findings = Findings()
    declared: list[Declared] = []
    for file in _files(paths, findings):
        references = References(environment, file.parent) if resolve else None
        declared += declare_all(_documents(file, findings), references, findings)
    return configured(declared, findings, str(paths[0]))


def read_texts(texts: Mapping[str, str]) -> Configuration:
    """The configuration of files that stand elsewhere, by name, references left as they are.

    Raises InvalidConfig as `read_configuration` does. Only for looking at: with references
    unresolved nothing can run by it.
    """
    findings = Findings()
    declared: list[Declared] = []
    for name, text in texts.items():
        declared += declare_all(read_documents(name, text, findings), None, findings)
    return configured(declared, findings, next(iter(texts), ""))


def texts_of(paths: Sequence[Path]) -> dict[str, str]:
    """The files of `paths` by name, as they are. Raises InvalidConfig for those that are none."""
    findings = Findings()
    texts = {
        str(file): text
        for file in _files(paths, findings)
        if (text := _text(file, findings)) is not None
    }
    if findings.mistakes:
        raise _invalid(findings.mistakes)
    return texts


def declare_all(
    documents: Iterable[Document], references: References | None, findings: Findings
) -> list[Declared]:
    """The resources of `documents`, without those that are none."""
    found = (declare(document, references, findings) for document in documents)
    return [declared for declared in found if declared is not None]


def configured(declared: Sequence[Declared], findings: Findings, first: str) -> Configuration:
    """All resources as one configuration; `first` is the file that warnings of all name."""
    linked = Linker(declared, findings).link()
    if findings.mistakes:
        raise _invalid(findings.mistakes)
    if not linked.brokers:  # hidden ones count: a source whose sink is a URL needs no other
        findings.warnings.append(
            Mistake(first, 0, 0, "", "declares no Broker", "add one to accept events")
        )
    warnings = tuple(str(warning) for warning in sorted(findings.warnings))
    written = {
        one.key: Written(one.kind, one.name, one.document.file, one.written) for one in declared
    }
    return Configuration(
        linked.brokers, linked.triggers, linked.sinks, linked.sources, warnings, written
    )


def _invalid(mistakes: Iterable[Mistake]) -> InvalidConfig:
    found = sorted(set(mistakes))
    lines = [str(mistake) for mistake in found[:MISTAKES_MAX]]
    if len(found) > MISTAKES_MAX:
        lines.append(f"… and {len(found) - MISTAKES_MAX} more; mend these first")
    count = "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
    return InvalidConfig(f"the configuration has {count}", lines)


def _files(paths: Sequence[Path], findings: Findings) -> list[Path]:
    """Each file once, in the order given."""
    files: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            files[path] = None
            continue
        found = sorted(item for item in path.iterdir() if item.suffix in _SUFFIXES)
        if not found:
            findings.mistakes.append(
                _of_file(path, "has no YAML file", "name a folder with *.yaml or *.yml")
            )
        files.update(dict.fromkeys(item for item in found if not item.is_dir()))
    if len(files) > FILES_MAX:
        findings.mistakes.append(
            _of_file(paths[0], f"names over {FILES_MAX} files", "put many documents in one file")
        )
        return []
    return list(files)


def _documents(file: Path, findings: Findings) -> list[Document]:
    text = _text(file, findings)
    return [] if text is None else read_documents(str(file), text, findings)


def _text(file: Path, findings: Findings) -> str | None:
    """What a file says; None where a mistake was reported instead."""
    try:
        with file.open("rb") as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        findings.mistakes.append(_of_file(file, what, "name a readable file or folder"))
        return None
    if len(content) > FILE_BYTES_MAX:
        what = f"is over {FILE_BYTES_MAX // 2**20} MiB"
        findings.mistakes.append(_of_file(file, what, "split it into several files"))
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        findings.mistakes.append(
            Mistake(str(file), line, column, "", "is no UTF-8 text", "save the file as UTF-8")
        )
        return None


def _of_file(file: Path, what: str, remedy: str) -> Mistake:
    return Mistake(str(file), 0, 0, "", what, remedy)
