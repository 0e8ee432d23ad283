"""Pauses of sources: kept in the broker that gets their events, so that a restart keeps them."""

from datetime import datetime

import orjson

from broker.storage.rows import Audit, Record
from deploy.running import RunningBroker
from deploy.sources.view import Pause

PREFIX = "source-pause/"


async def pause_of(broker: RunningBroker, name: str) -> Pause | None:
    """The pause of source `name`, as it is on disk."""
    found = await broker.engine.records.get(key_of(name))
    if found is None:
        return None
    value = orjson.loads(found[0])
    return Pause(datetime.fromisoformat(value["at"]), value["by"], value["reason"])


async def write_pause(broker: RunningBroker, name: str, pause: Pause | None, audit: Audit) -> None:
    """Set or remove it, with its audit, in one checkpoint; gives back when it is on disk."""
    value = None
    if pause is not None:
        value = orjson.dumps({"at": pause.at, "by": pause.by, "reason": pause.reason})
    ledger = broker.partition.ledger
    ledger.records.append(Record(key_of(name), value))
    ledger.audit.append(audit)
    await broker.partition.steering.flush()


def key_of(name: str) -> str:
    """The key of a source's pause; no other's begins with it."""
    return f"{PREFIX}{name}/"
