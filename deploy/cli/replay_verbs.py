"""`headrace replay pause | resume | cancel`."""

from deploy.cli.client import Item
from deploy.cli.grouping import Verb
from deploy.cli.job_verbs import job_verbs
from deploy.cli.output import counted
from deploy.cli.replay_options import JobArgument

HELPS = {
    "pause": """Stop a replay for now; the log is kept for it, within maxBacklogBytes.

    \b
    Example:
      headrace replay pause 260301-093000-4f1a --reason "the sink is slow today"
    """,
    "resume": """Let a paused replay go on where it was.

    \b
    Example:
      headrace replay resume 260301-093000-4f1a
    """,
    "cancel": """End a replay: what is delivered stays so, what waits is not tried again.

    \b
    Example:
      headrace replay cancel 260301-093000-4f1a --reason "the wrong hour"
    """,
}


def replay_verbs() -> dict[str, Verb]:
    return job_verbs("/replays", JobArgument, HELPS, sentence)


def sentence(item: Item) -> str:
    """How a replay stands."""
    unchanged = " already" if item.get("changed") is False else ""
    return (
        f"replay {item['id']} is {item['state']}{unchanged}: {item['delivered']:,} delivered, "
        f"{item['dead']:,} dead, {item['parked'] + item['waiting']:,} waiting; "
        f"{item['passed']:,} of {counted(item['total'], 'offset')} passed"
    )
