"""What a configuration may not do to what runs: judged before anything is opened.

Everything else it may: what is pending is finished, or goes on under the new rules.
"""

from broker.errors import Conflict
from deploy.config.broker_spec import Configuration
from deploy.config.meanings import Unsettled
from deploy.config.source_linking import HIDDEN_SUFFIX
from deploy.running import Running, RunningBroker
from deploy.standings import unsettled_of


def judge(running: Running, configuration: Configuration, dead: dict[str, int]) -> None:
    """Raises Conflict(code="reload-refused") with what is in the way and its remedy.

    `dead` is how many dead letters wait at the desk of each broker.
    """
    if running.brokers and not configuration.brokers:
        # An editor that empties the file before it writes it, most likely.
        raise Conflict(
            "the files name no broker at all",
            code="reload-refused",
            remedy="keep at least one Broker; to have none, stop headrace",
        )
    for name, broker in running.brokers.items():
        if name not in configuration.brokers:
            _judge_removed(broker, dead.get(name, 0))
    for name, (broker, lane) in running.lanes().items():
        trigger = configuration.triggers.get(name)
        if trigger is None or trigger.broker == broker.spec.name:
            continue
        unsettled = unsettled_of(broker, lane)
        if unsettled.total:
            what = (
                f"trigger {name} moves to broker {trigger.broker} and still has "
                f"{unsettled.total:,} events of {broker.spec.name} to deliver"
            )
            remedy = "give the new trigger another name, or remove the old one first"
            raise Conflict(what, code="reload-refused", where=name, remedy=remedy)


def _judge_removed(broker: RunningBroker, dead: int) -> None:
    """A broker goes only when nobody would miss what it holds: its log is not looked at after."""
    lanes = [lane for lane in broker.partition.lanes.values() if not lane.is_companion]
    total = sum((unsettled_of(broker, lane) for lane in lanes), Unsettled()).total
    if not total and not dead:
        return
    name, remedy = (
        broker.spec.name,
        (
            "remove only its triggers until they have finished (headrace triggers remove ends "
            "them sooner), and redrive or discard its dead letters"
        ),
    )
    whose = f"broker {name}"
    if broker.spec.is_hidden:
        whose = f"source {name.removesuffix(HIDDEN_SUFFIX)}"
        remedy = "let it be paused (headrace sources pause) until they are delivered or discarded"
    raise Conflict(
        f"{whose} still has {total:,} events to deliver and {dead:,} dead letters",
        code="reload-refused",
        where=name,
        remedy=f"keep it in the configuration; {remedy}",
    )
