"""Before a replay the question, and after it has begun the wait for its end."""

import time

from deploy.cli.client import Admin, Item, in_path, printable
from deploy.cli.output import counted
from deploy.cli.progress import Progress

LOOK_SECONDS = 0.25
GOING = frozenset({"running", "cancelling", "failing"})


def question(planned: Item) -> str:
    """What will be done, to be said yes to."""
    minutes = planned["total"] / planned["rate"] / 60
    sink = printable(planned["to_sink"] or planned["sink"] or "its sink")
    filter_ = planned["filter"]
    return (
        f"offsets {planned['from_offset']:,} to {planned['to_offset']:,}, "
        f"{counted(planned['total'], 'stored event')}: those that {planned['trigger']} matches"
        f"{' and ' + printable(filter_) if filter_ else ''} go to {sink} again, "
        f"{planned['rate']:g} a second, which takes up to {minutes:,.1f} minutes. Begin?"
    )


def follow(client: Admin, begun: Item) -> Item:
    """The replay when it runs no more: ended, or paused. Leaving here does not end it."""
    item, passed = begun, 0
    with Progress(begun["total"], "replaying") as progress:
        while item["state"] in GOING:
            time.sleep(LOOK_SECONDS)
            item = client.get(f"/replays/{in_path(begun['id'])}")
            progress.advance(item["passed"] - passed)
            passed = item["passed"]
    return item
