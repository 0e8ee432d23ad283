"""The sinks and targets of a process: one sink per spec, one target per endpoint.

A changed configuration first becomes a draft beside what runs: what it needs anew is made and
opened there, and only `take` makes it count. What is the same stays the same object, with its
connections and its breaker.
"""

import asyncio
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable
from urllib.parse import unquote, urlsplit

import orjson

from broker.codec import Limits
from sinks.kinds import Supplies, make_sink, target_name
from sinks.sink import GovernedSink, Sink
from sinks.spec import (
    FileBatchSinkSpec,
    FileSinkSpec,
    HttpSinkSpec,
    InferenceSinkSpec,
    SinkSpec,
)
from sinks.target import Target
from triggers.enrolment import Endpoint

SuppliesFor = Callable[[Limits], Supplies]


@runtime_checkable
class KeptFile(Protocol):
    """A sink that goes on where its spec changes, because nobody else may have its file."""

    def become(self, spec: FileSinkSpec) -> None: ...


@dataclass(slots=True)
class Draft:
    """Endpoints as they will be; `made` are the sinks that do not run yet."""

    sinks: dict[Hashable, Sink] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)
    made: list[Sink] = field(default_factory=list)
    files: list[tuple[KeptFile, FileSinkSpec]] = field(default_factory=list)
    stamps: dict[str, Hashable] = field(default_factory=dict)

    async def stamp(self, specs: Iterable[SinkSpec]) -> None:
        """Look at the files of models: the same name with another content is another sink."""
        models = [spec.model if isinstance(spec, FileBatchSinkSpec) else spec for spec in specs]
        urls = {
            spec.url
            for spec in models
            if isinstance(spec, InferenceSinkSpec) and spec.protocol == "onnx"
        }
        for url in sorted(urls - self.stamps.keys()):
            self.stamps[url] = await asyncio.to_thread(stamp_of, url)

    async def open(self) -> None:
        """Open what is new: files, models. Raises Invalid, Unavailable; then `discard`."""
        for sink in self.made:
            await sink.open()

    async def discard(self) -> None:
        for sink in self.made:
            await sink.close()


class Retired(NamedTuple):
    """A sink that is out of use, and when its last call is surely over (monotonic)."""

    sink: Sink
    over_at: float


class Endpoints:
    """What runs, and what has been replaced and waits for its last call."""

    def __init__(
        self,
        supplies: SuppliesFor,
        chance: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._supplies = supplies
        self._chance = chance
        self._monotonic = monotonic
        self._sinks: dict[Hashable, Sink] = {}
        self._targets: dict[str, Target] = {}
        self._retired: dict[Hashable, Retired] = {}

    def endpoint(self, draft: Draft, spec: SinkSpec, limits: Limits) -> Endpoint:
        """The endpoint of `spec` in `draft`: the one that runs, else a new one.

        `limits` bound its replies. Raises Invalid where the spec cannot be used.
        """
        key = identity(spec, limits, draft.stamps)
        sink = draft.sinks.get(key)
        if sink is None:
            sink = self._running(key)
            if sink is None:
                model_of = partial(self._model_of, draft, limits)
                sink = make_sink(spec, replace(self._supplies(limits), model_of=model_of))
                draft.made.append(sink)
            draft.sinks[key] = sink
        if isinstance(spec, FileSinkSpec) and isinstance(sink, KeptFile):
            draft.files.append((sink, spec))
        name = target_name(spec)
        target = sink.own_target if isinstance(sink, GovernedSink) else None
        target = target or draft.targets.get(name) or self._targets.get(name)
        draft.targets[name] = target = target or Target(sink.name, self._chance)
        return Endpoint(sink, target)

    def _model_of(
        self, draft: Draft, limits: Limits, spec: InferenceSinkSpec
    ) -> tuple[Sink, Target]:
        """The model of a FileBatch: the very one that triggers deliver to, if any do."""
        found = self.endpoint(draft, spec, limits)
        return found.sink, found.target

    async def borrow(self, spec: SinkSpec, limits: Limits) -> Endpoint:
        """The endpoint of `spec` for who is no trigger: it runs, or is opened and runs then.

        It does so until a change; whoever still calls it then keeps it open (`close_retired`).
        Raises Invalid, Unavailable.
        """
        draft = Draft()
        await draft.stamp([spec])
        found = self.endpoint(draft, spec, limits)
        try:
            await draft.open()
        except BaseException:
            await draft.discard()
            raise
        for key in draft.sinks:
            self._retired.pop(key, None)
        self._sinks |= draft.sinks
        self._targets |= draft.targets
        return found

    def _running(self, key: Hashable) -> Sink | None:
        """The sink that runs, or one that is out of use and still open: it comes back."""
        retired = self._retired.get(key)
        return self._sinks.get(key) or (None if retired is None else retired.sink)

    def take(self, draft: Draft, last_call_seconds: float) -> None:
        """`draft` is what runs. Calls to the others are over after `last_call_seconds`."""
        over_at = self._monotonic() + last_call_seconds
        self._retired |= {key: Retired(sink, over_at) for key, sink in self._sinks.items()}
        for key in draft.sinks:
            self._retired.pop(key, None)
        for file, spec in draft.files:
            file.become(spec)
        self._sinks, self._targets = draft.sinks, draft.targets

    @property
    def retired(self) -> Collection[Sink]:
        """Out of use and still open."""
        return [retired.sink for retired in self._retired.values()]

    async def close_retired(self, in_use: Collection[Sink]) -> None:
        """Close what no lane delivers to any more, after its last call."""
        now = self._monotonic()
        for key, retired in tuple(self._retired.items()):
            if retired.sink not in in_use and now >= retired.over_at:
                del self._retired[key]
                await retired.sink.close()

    async def close(self) -> None:
        for sink in (*self._sinks.values(), *self.retired):
            await sink.close()


def identity(spec: SinkSpec, limits: Limits, stamps: Mapping[str, Hashable]) -> Hashable:
    """What tells sinks apart. A file's is its path: two sinks on it would tear its lines."""
    if isinstance(spec, HttpSinkSpec):
        return (spec, limits)
    if isinstance(spec, FileSinkSpec):
        return ("file", spec.path)
    if isinstance(spec, FileBatchSinkSpec):
        batch = orjson.dumps(asdict(spec.batch), list, orjson.OPT_SORT_KEYS)
        return (batch, spec.egress, identity(spec.model, limits, stamps))
    written = orjson.dumps(asdict(spec), list, orjson.OPT_SORT_KEYS)
    return (written, limits, stamps.get(spec.url))


def stamp_of(url: str) -> tuple[int, int] | None:
    """Time and size of the file behind a file: URL; None where there is none."""
    try:
        found = Path(unquote(urlsplit(url).path)).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
