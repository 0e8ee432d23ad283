"""What every act on a broker asks first: whether anything can be written there."""

from broker.errors import StoreFailed
from deploy.running import RunningBroker
from triggers.redrive import LetterDesk


def check_writes(broker: RunningBroker) -> None:
    """Raises StoreFailed at once where nothing could be written any more."""
    if broker.failure is not None:
        what = f"broker {broker.spec.name} has stopped: {broker.failure}"
        raise StoreFailed(what, remedy="ask again when headrace has restarted")


def not_started(broker: RunningBroker) -> StoreFailed:
    return StoreFailed(f"broker {broker.spec.name} has not started", remedy="ask again")


def letter_desk(broker: RunningBroker) -> LetterDesk:
    """The verbs of a broker that can write. Raises StoreFailed."""
    check_writes(broker)
    if broker.partition.desk is None:
        raise not_started(broker)
    return broker.partition.desk
