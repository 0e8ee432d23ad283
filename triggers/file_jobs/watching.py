"""Looking at a file before it becomes a job: what it is, whether it is whole, done or not ours."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from broker.errors import Invalid
from sinks.file_batch.formats import format_of
from sinks.file_batch.manifest_input import MANIFEST_BYTES_MAX, read_manifest
from sinks.file_batch.matching import Matching, Verdict
from sinks.file_batch.names import names_for
from sinks.file_batch.opening import head_of
from sinks.file_batch.place import Place
from sinks.file_batch.sink import FileBatchSink
from sinks.file_batch.spec import MatchSpec
from sinks.file_batch.store import Head, Store, no_file, open_store
from sources.globs import Glob
from sources.s3.sequencer import is_before
from triggers.file_jobs.objects import Named
from triggers.file_jobs.opened import manifest_at

SETTLING_MAX = 10_000  # files; beyond them the oldest begin anew
NEWEST_MAX = 10_000  # objects; beyond them those that nothing was told of for longest are forgotten


class Seen(NamedTuple):
    """A file that is to become a job. `is_awaited`: not before its marker is there.

    `is_done_before`: a manifest says that it was predicted, in some state of its content.
    """

    head: Head
    is_awaited: bool
    settle_seconds: float
    is_done_before: bool


class Found(NamedTuple):
    place: Place
    seen: Seen


def matching_of(sink: FileBatchSink) -> Matching:
    match: MatchSpec = sink.spec.match
    if not match.glob:
        return Matching(match, sink.spec.write)
    return Matching(match, sink.spec.write, Glob(match.glob).matches)


def look(place: Place, sink: FileBatchSink) -> Seen | str:
    """What is there; or why it is passed over, in a word. Blocking.

    Raises Invalid(code="no-file") where there is nothing, and what stores raise.
    """
    matching = matching_of(sink)
    # By its name first: who watches a bucket of outputs shall not ask for each of them.
    verdict = matching.judge(place.path, sink.spec.match.bytes_min)
    if verdict is not Verdict.TAKEN:
        return str(verdict.value)
    store = open_store(place, sink.access)
    head = head_of(store, place.path)
    if head is None:
        raise no_file(str(place))
    verdict = matching.judge(place.path, head.size_bytes)
    if verdict is not Verdict.TAKEN:
        return str(verdict.value)
    marker = matching.marker_of(place.path)
    is_awaited = marker is not None and store.head(marker) is None
    settle_seconds = matching.settle_seconds(place.kind)
    return Seen(head, is_awaited, settle_seconds, _is_done_before(place, sink, store))


def _is_done_before(place: Place, sink: FileBatchSink, store: Store) -> bool:
    if sink.spec.match.on_overwrite != "ignore":
        return False
    names = names_for(place, sink.spec.write, "jsonl", sink.spec.match.prefix)
    home = store if names.manifest.container == place.container else None
    return manifest_at(home or open_store(names.manifest, sink.access), names.manifest) is not None


def is_manifest(place: Place, sink: FileBatchSink) -> bool:
    """Whether it names files and is none to be predicted, by its own name or as configured."""
    read = sink.spec.read
    is_named = "." in place.path and format_of(place.path, b"", read) == "manifest"
    return read.format == "manifest" or is_named


def files_of(place: Place, sink: FileBatchSink) -> Sequence[Place]:
    """The files that a manifest names. Blocking."""
    store = open_store(place, sink.access)
    head = store.head(place.path)
    if head is None:
        raise no_file(str(place))
    if head.size_bytes > MANIFEST_BYTES_MAX:
        raise Invalid(
            f"the manifest is larger than {MANIFEST_BYTES_MAX} bytes",
            code="broken-manifest",
            where=str(place),
            remedy="divide it",
        )
    return read_manifest(b"".join(store.read(place.path, identity=head.identity)), place)


class Settling:
    """Files whose size and identity have to stay the same for a while; in memory only."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._since: dict[tuple[str, int, Place], tuple[Head, float]] = {}

    def wait_seconds(self, which: tuple[str, int, Place], head: Head, seconds: float) -> float:
        """0.0 once `which` has been as `head` says for so long."""
        now = self._monotonic()
        known, since = self._since.pop(which, (head, now))
        if known != head:
            since = now
        if now - since >= seconds:
            return 0.0
        self._since[which] = (head, since)
        while len(self._since) > SETTLING_MAX:
            del self._since[next(iter(self._since))]
        return seconds - (now - since)


class Newest:
    """The newest notification of each object that a trigger was given; in memory only.

    A late one, of which this knows nothing any more, is looked at like any other: it finds the
    object as it is now, and so its job, if it is there.
    """

    def __init__(self) -> None:
        self._sequencers: dict[tuple[str, Place], str] = {}

    def see(self, trigger: str, named: Named) -> None:
        """Listings have no sequencer, and order nothing."""
        if not named.sequencer:
            return
        key = trigger, named.place
        known = self._sequencers.pop(key, "")
        self._sequencers[key] = known if is_before(named.sequencer, known) else named.sequencer
        while len(self._sequencers) > NEWEST_MAX:
            del self._sequencers[next(iter(self._sequencers))]

    def is_late(self, trigger: str, named: Named) -> bool:
        """Whether a newer one of the same object was seen."""
        known = self._sequencers.get((trigger, named.place), "")
        return bool(named.sequencer) and is_before(named.sequencer, known)
