"""`headrace events --follow`: lines as events are stored, none twice and none missed."""

import json
import sys
import time
from typing import Final

from broker.errors import Unavailable
from deploy.cli.client import PAGE_ITEMS_MAX, Admin, Item, Query, printable
from deploy.cli.options import Output
from deploy.cli.output import COLUMNS_MAX

WAIT_SECONDS: Final = 20.0  # of one request; less than its timeout
AGAIN_SECONDS: Final = 0.5  # where it was answered at once with nothing
AWAY_SECONDS_MAX: Final = 60.0  # a headrace that restarts is waited for so long


def follow_events(client: Admin, query: Query, output: Output, limit: int | None) -> None:
    """Until Ctrl-C, or until `limit` were shown. Raises Unavailable when nobody answers for long.

    The offset to go on from is ours, so that a restart of headrace loses nothing.
    """
    try:
        _follow(client, query, output, limit)
    except KeyboardInterrupt:
        return


def _follow(client: Admin, query: Query, output: Output, limit: int | None) -> None:
    after = 0
    if query.get("since") is None:
        after = client.get("/events", {"broker": query.get("broker"), "limit": 1})["newest"]
    left = limit
    while left is None or left > 0:
        begun = time.monotonic()
        items = PAGE_ITEMS_MAX if left is None else min(left, PAGE_ITEMS_MAX)
        asked = {**query, "after": after, "limit": items, "wait_seconds": str(WAIT_SECONDS)}
        page = _patiently(client, asked)
        for item in page["items"]:
            print(line_of(item, output))
        sys.stdout.flush()
        after, query = page["next"], {**query, "since": None}
        if left is not None:
            left -= len(page["items"])
        if not page["looked_at"] and time.monotonic() - begun < AGAIN_SECONDS:
            time.sleep(AGAIN_SECONDS)


def _patiently(client: Admin, asked: Query) -> Item:
    """One page, asked for again while headrace is away."""
    deadline = time.monotonic() + AWAY_SECONDS_MAX
    is_told = False
    while True:
        try:
            return client.get("/events", asked)
        except Unavailable as error:
            if time.monotonic() > deadline:
                raise
            if not is_told:
                print(f"headrace: {error.what}; waiting for it", file=sys.stderr)
                is_told = True
            time.sleep(AGAIN_SECONDS)


def line_of(item: Item, output: Output) -> str:
    """One event: a line of JSON, a document of YAML, or columns that ids are never cut in."""
    if output is Output.JSON:
        return json.dumps(item)
    if output is Output.YAML:
        import yaml

        text: str = yaml.safe_dump(item, sort_keys=False, width=COLUMNS_MAX, explicit_start=True)
        return text.rstrip()
    time_of_day = str(item["stored_at"])[11:23]
    line = f"{item['offset']:>9}  {time_of_day}  {item['type']:<32}  {item['source']:<20}  "
    return printable(f"{line}{item['id']}")
