"""Which field of an InferenceSink is for which protocol, and what a protocol cannot do without.

Looks at the resource as written: a field that would silently do nothing is a mistake.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from broker.errors import Invalid
from deploy.config.known_fields import LATER_ONNX_FIELDS, holder_of
from deploy.config.mistakes import InvalidValue, PathInDocument, dotted
from deploy.config.references import has_reference
from deploy.config.urls import http_url
from sinks.inference.output import takes_of
from sinks.inference.path import DataPath

HTTP = ("v1", "v2", "openai", "kserve-ce", "http-json")
ALL = (*HTTP, "onnx")
_JOINING = ("v1", "v2", "openai", "http-json", "onnx")
_TASKS = {
    "v1": ("predict", "explain", "classify", "regress"),
    "openai": ("chat", "completions", "embeddings"),
}
_INPUTS = {
    "v1": ("data", "instances", "columns", "bytes", "parameters"),
    "v2": ("data", "instances", "tensors", "columns", "bytes", "parameters"),
    "chat": ("data", "messages", "prompt", "parameters"),
    "completions": ("data", "prompt", "parameters"),
    "embeddings": ("data", "embed", "parameters"),
    "kserve-ce": ("data", "instances", "parameters"),
    "http-json": ("data", "bytes", "body", "parameters"),
    "onnx": ("data", "instances", "tensors", "columns"),
}
_SERVERS = {
    "v1": ("auto", "generic", "kserve", "tfserving"),
    "v2": ("auto", "generic", "kserve", "mlserver", "triton"),
    "openai": ("auto", "generic", "openai", "vllm", "llama", "kserve", "ray"),
    "kserve-ce": ("auto", "generic", "kserve"),
    "http-json": ("auto", "generic", "ray", "bentoml", "litserve", "torchserve"),
}
_MODEL_NEEDED = ("v1", "v2", "openai", "kserve-ce")
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"})

# The protocols of each field; what is not named here is for all.
_FOR: Mapping[tuple[str, ...], tuple[str, ...]] = {
    **{(name,): HTTP for name in (
        "auth", "classify", "headers", "path", "readyPath", "resend", "scale", "server", "tls",
    )},
    ("task",): ("v1", "openai"),
    ("binary",): ("v2",),
    ("reply", "failOn"): ("openai",),
    ("batch",): _JOINING,
    ("batch", "wrap"): ("http-json",),
    ("limits", "maxConnections"): HTTP,
    ("limits", "maxResponseBytes"): HTTP,
    ("limits", "tokensPerMinute"): ("openai",),
    ("timeouts", "connect"): HTTP,
    ("timeouts", "probe"): HTTP,
    ("timeouts", "firstByte"): HTTP,
    ("timeouts", "idle"): ("openai",),
}  # fmt: skip


class Misplaced(NamedTuple):
    """What is wrong at `path`, which counts from the resource; `of_key`: with the key itself."""

    path: PathInDocument
    what: str
    remedy: str
    of_key: bool = True


def misplaced(written: Mapping[str, Any], resolved: Mapping[str, Any]) -> Iterator[Misplaced]:
    """All that does not go together in one InferenceSink; nothing where no protocol is named."""
    spec, filled = written.get("spec"), resolved.get("spec")
    protocol = spec.get("protocol") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(filled, dict) or protocol not in ALL:
        return
    yield from _later(written, protocol)
    yield from _of_other_protocols(written, protocol)
    yield from _choices(spec, protocol)
    yield from _missing(spec, protocol)
    if protocol in HTTP:
        yield from _urls(filled)
        yield from _literal_credentials(spec)


def _later(written: Mapping[str, Any], protocol: str) -> Iterator[Misplaced]:
    for path in LATER_ONNX_FIELDS if protocol == "onnx" else ():
        if holder_of(written, path) is not None:
            what = f"this version of headrace has no {dotted(path[1:])} for protocol {protocol}"
            yield Misplaced(path, what, "remove it")


def _of_other_protocols(written: Mapping[str, Any], protocol: str) -> Iterator[Misplaced]:
    for names, protocols in _FOR.items():
        path = ("spec", *names)
        if protocol not in protocols and holder_of(written, path) is not None:
            what = f"has no meaning for protocol {protocol}, only for {', '.join(protocols)}"
            yield Misplaced(path, what, "remove it")


def _choices(spec: Mapping[str, Any], protocol: str) -> Iterator[Misplaced]:
    """Values of `task`, `server`, `output.take` and keys of `input` that others have."""
    task = spec.get("task")
    tasks = _TASKS.get(protocol, ())
    if tasks and task is not None and task not in tasks:
        yield _no_choice(("spec", "task"), protocol, tasks)
        return
    server = spec.get("server")
    if protocol in _SERVERS and isinstance(server, str) and server not in _SERVERS[protocol]:
        yield _no_choice(("spec", "server"), protocol, _SERVERS[protocol])
    asked = task or ("chat" if protocol == "openai" else "predict")
    take = spec["output"].get("take") if isinstance(spec.get("output"), dict) else None
    takes = takes_of(protocol, asked)
    if take is not None and take not in takes:
        yield _no_choice(("spec", "output", "take"), f"{protocol} ({asked})", takes)
    keys = _INPUTS[asked if protocol == "openai" else protocol]
    for key in spec["input"] if isinstance(spec.get("input"), dict) else ():
        known = key in {name for names in _INPUTS.values() for name in names}
        if known and key not in keys:
            what = f"has no meaning for protocol {protocol} ({asked})"
            yield Misplaced(("spec", "input", key), what, f"use one of {', '.join(keys)}")
    if protocol == "onnx" and isinstance(spec.get("reply"), dict):
        mode = spec["reply"].get("mode")
        if mode in ("auto", "cloudevent"):
            yield _no_choice(("spec", "reply", "mode"), protocol, ("wrap", "none"))


def _no_choice(path: PathInDocument, protocol: str, choices: Iterable[str]) -> Misplaced:
    what = f"is nothing that protocol {protocol} has"
    return Misplaced(path, what, f"write one of {', '.join(choices)}", of_key=False)


def _missing(spec: Mapping[str, Any], protocol: str) -> Iterator[Misplaced]:
    at: PathInDocument = ("spec", "protocol")
    if protocol in _MODEL_NEEDED and "model" not in spec:
        what = f"protocol {protocol} needs spec.model"
        yield Misplaced(at, what, "add model: the name that the server knows it by", of_key=False)
    if spec.get("server") == "bentoml" and "path" not in spec:
        what = "server bentoml needs spec.path"
        yield Misplaced(at, what, "add path: the name of its API, such as /predict", of_key=False)
    if spec.get("server") == "torchserve" and not {"model", "path"} & set(spec):
        what = "server torchserve needs spec.model"
        yield Misplaced(at, what, "add model: its name there", of_key=False)
    batch = spec.get("batch")
    if protocol != "http-json" or not isinstance(batch, dict):
        return
    if "wrap" not in batch and "maxRecords" in batch:
        what = "joins nothing without batch.wrap"
        yield Misplaced(("spec", "batch", "maxRecords"), what, "add wrap: the path of the list")
    wrap = batch.get("wrap")
    given = spec["input"].get("bytes") if isinstance(spec.get("input"), dict) else None
    if wrap is not None and isinstance(given, dict) and given.get("as") == "raw":
        what = "raw bytes cannot stand in a list, as batch.wrap asks"
        yield Misplaced(("spec", "input", "bytes", "as"), what, "write base64", of_key=False)
    if isinstance(wrap, str) and _keys(wrap) is None:
        remedy = 'write a JSON Pointer of keys, such as /instances, or "" for the body itself'
        what = "cannot be the place of a list"
        yield Misplaced(("spec", "batch", "wrap"), what, remedy, of_key=False)


def _keys(text: str) -> tuple[str, ...] | None:
    try:
        return DataPath(text).keys
    except Invalid:
        return ()  # said by the schema


def _urls(spec: Mapping[str, Any]) -> Iterator[Misplaced]:
    """Base URLs that can be called: what is no text at all is said by the schema."""
    urls = spec.get("url")
    places = enumerate(urls) if isinstance(urls, list) else [(None, urls)]
    for index, url in places:
        path = ("spec", "url") if index is None else ("spec", "url", index)
        if not isinstance(url, str) or not url or has_reference(url):
            continue
        try:
            http_url(url)
        except InvalidValue as error:
            what = f"the value {error.what}"
            yield Misplaced(path, what, error.remedy or "mend it", of_key=False)
            continue
        if "?" in url:
            what = "the value has a query, which a base URL cannot have"
            yield Misplaced(path, what, "write it in spec.path, or in spec.headers", of_key=False)


def _literal_credentials(spec: Mapping[str, Any]) -> Iterator[Misplaced]:
    headers = spec.get("headers")
    for name, text in headers.items() if isinstance(headers, dict) else ():
        secret = isinstance(name, str) and name.lower() in _CREDENTIALS
        if secret and isinstance(text, str) and not has_reference(text):
            what = "is a secret written into the configuration"
            remedy = "write ${env:NAME} or ${file:path} instead, or use spec.auth"
            yield Misplaced(("spec", "headers", name), what, remedy, of_key=False)
