"""The offsets that Kafka itself keeps of a group: written for other people's lag tools only.

Where this source goes on is in its own records; what stands there never matters to it.
"""

from collections.abc import Callable, Collection, Mapping

from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest
from aiokafka.protocol.coordination import FindCoordinatorRequest

from broker.errors import Denied, HeadraceError
from sources.kafka.cluster import Cluster, Moved
from sources.kafka.failures import NO_COORDINATOR, OTHERS_IN_GROUP, failure_of_code
from sources.kafka.topics import Broker, Layout, Place

FAILURES_BEFORE_NOTICE = 10
QUIET_TURNS = 60  # without a move by others, then the next one is told again
NEVER = -1  # what Kafka says of a partition without a committed offset
_GROUP = 0  # the kind of coordinator


class Group:
    """The group of one run; `keep` now and then."""

    def __init__(self, cluster: Cluster, name: str, notice: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._name = name
        self._notice = notice
        self._written: dict[Place, int] | None = None  # None: not looked at yet
        self._tried: dict[Place, int] = {}  # by the last commit, whatever was answered
        self._coordinator: Broker | None = None
        self._failures = 0
        self._quiet_turns = QUIET_TURNS
        self._is_denied = False

    async def keep(self, layout: Layout, stored: Mapping[Place, int]) -> None:
        """Compare what is committed with what was written, and write how far `stored` is.

        Tells by notices what is in the way; that Kafka fails is no failure of the source.
        """
        if self._is_denied:
            return
        try:
            found = await self.committed(layout, stored.keys())
            self._look_for_moves(found, stored)
            await self._commit(found, stored)
        except Denied as error:
            self._is_denied = True
            self._notice(f"the offsets of group {self._name} are not kept for lag tools: {error}")
        except HeadraceError as error:
            self._coordinator = None
            self._failures += 1
            if self._failures == FAILURES_BEFORE_NOTICE:
                self._notice(f"the offsets of group {self._name} cannot be written: {error}")
        else:
            self._failures = 0

    async def committed(self, layout: Layout, places: Collection[Place]) -> dict[Place, int]:
        """By partition; those that have none are not in it."""
        request = OffsetFetchRequest(self._name, _numbers(places))
        answer = await self._cluster.ask(await self._find(layout), "group", request)
        self._refuse(getattr(answer, "error_code", 0))
        found: dict[Place, int] = {}
        for topic, partitions in answer.topics:
            for number, offset, _, code in partitions:
                self._refuse(code)
                if offset != NEVER:
                    found[Place(topic, number)] = offset
        return found

    async def _find(self, layout: Layout) -> Broker:
        """Its coordinator: one of the brokers, by the group's name."""
        if self._coordinator is None:
            asked = next(iter(layout.brokers.values()))
            request = FindCoordinatorRequest(self._name, _GROUP)
            answer = await self._cluster.ask(asked, "group", request)
            self._refuse(answer.error_code)
            self._coordinator = Broker(answer.host, answer.port)
        return self._coordinator

    def _look_for_moves(self, found: Mapping[Place, int], stored: Mapping[Place, int]) -> None:
        written = self._written
        if written is None:  # after a restart they may be behind, never ahead
            moved = [place for place, offset in found.items() if offset > stored[place]]
        else:
            ours = [(written.get(place), self._tried.get(place)) for place in found]
            moved = [one for one, own in zip(found, ours, strict=True) if found[one] not in own]
        if moved and self._quiet_turns >= QUIET_TURNS:
            place = moved[0]
            self._notice(
                f"the offsets of group {self._name} were moved by somebody else "
                f"({place} to {found[place]}); the positions kept here count, "
                "another consumerGroup would keep the two apart"
            )
        self._quiet_turns = 0 if moved else self._quiet_turns + 1

    async def _commit(self, found: Mapping[Place, int], stored: Mapping[Place, int]) -> None:
        wanted = {place: at for place, at in stored.items() if found.get(place) != at}
        self._written, self._tried = dict(found), wanted
        if not wanted:
            return
        rows: dict[str, list[tuple[int, int, str]]] = {}
        for place, at in wanted.items():
            rows.setdefault(place.topic, []).append((place.partition, at, ""))
        # Generation -1 and no member: a group whose partitions Kafka does not assign.
        request = OffsetCommitRequest(self._name, -1, "", -1, list(rows.items()))
        assert self._coordinator is not None
        answer = await self._cluster.ask(self._coordinator, "group", request)
        for _, partitions in answer.topics:
            for _, code in partitions:
                self._refuse(code)
        self._written.update(wanted)

    def _refuse(self, code: int) -> None:
        if code in OTHERS_IN_GROUP:
            raise Denied(
                "other readers are members of this group",
                code="group-taken",
                where=self._name,
                remedy="write a consumerGroup of its own",
            )
        if code in NO_COORDINATOR:
            self._coordinator = None
            raise Moved("its coordinator is another now, or not ready", where=self._name)
        if code:
            raise failure_of_code(code, self._name)


def _numbers(places: Collection[Place]) -> list[tuple[str, list[int]]]:
    found: dict[str, list[int]] = {}
    for place in places:
        found.setdefault(place.topic, []).append(place.partition)
    return list(found.items())
