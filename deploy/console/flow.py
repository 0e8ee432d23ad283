"""The picture of all that flows: sources, brokers, triggers, sinks, and where events are stuck.

Pure: views of the API to places in a drawing; the template draws it. The picture is bounded:
of many triggers the ones that are worst off are drawn, and the others counted.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.console.words import link, named, number

View = Mapping[str, Any]
Tone = Callable[[View], str]
Draw = Callable[[View], tuple[str, str, str]]  # what it says, its tone, its address
COLUMN_NODES_MAX = 14
NODE_WIDTH, NODE_HEIGHT, GAP = 208, 44, 14
COLUMN_STEP = 296
LABEL_CHARACTERS_MAX = 24  # of a box, in bold
HEAD_CHARACTERS = 8  # of a name that is cut in its middle
WORST = ("stuck", "dead", "late", "well", "still")
STOPPING = frozenset({"open", "holding", "paused", "probing", "waking"})  # states of a sink
HEADS = ("sources", "brokers", "triggers", "sinks")


@dataclass(frozen=True, slots=True)
class Node:
    """`tone` is one of WORST: it gives the colour, and `says` the same in words."""

    name: str
    label: str
    says: str
    tone: str
    address: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Edge:
    path: str
    tone: str


@dataclass(frozen=True, slots=True)
class Flow:
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    heads: Sequence[tuple[str, int]]
    width: int
    height: int
    left_out: int  # nodes that are not drawn


Placed = dict[str, Node]


def flow_of(
    sources: Sequence[View],
    brokers: Sequence[View],
    triggers: Sequence[View],
    sinks: Sequence[View],
) -> Flow:
    """The picture of these views, as the API lists them."""
    chosen = _worst_first(triggers, trigger_tone)
    used = {one["sink"] for one in chosen}
    first = 0 if sources else -1  # without sources nothing is kept free for them
    columns = (
        _column(first, _worst_first(sources, source_tone), _source),
        _column(first + 1, brokers[:COLUMN_NODES_MAX], _broker),
        _column(first + 2, chosen, _trigger),
        _column(first + 3, [one for one in sinks if one["name"] in used][:COLUMN_NODES_MAX], _sink),
    )
    edges = _edges(sources, chosen, columns)
    nodes = [node for column in columns for node in column.values()]
    tallest = max((len(column) for column in columns), default=0)
    drawn, known = len(nodes), len(sources) + len(brokers) + len(triggers) + len(used)
    return Flow(
        nodes=nodes,
        edges=edges,
        heads=[
            (head, (first + place) * COLUMN_STEP)
            for place, head in enumerate(HEADS)
            if columns[place]
        ],
        width=(first + 3) * COLUMN_STEP + NODE_WIDTH,
        height=max(1, tallest) * (NODE_HEIGHT + GAP) + GAP,
        left_out=max(0, known - drawn),
    )


def trigger_tone(view: View) -> str:
    """Stuck: events wait and nothing takes them."""
    waits = view["backlog"] + view["parked"] + view["waiting"] > 0
    if waits and (view["state"] == "paused" or view["sink_state"] in STOPPING):
        return "stuck"
    if view["dead"]:
        return "dead"
    if view["state"] == "behind":
        return "late"
    return "well" if view["matched"] else "still"


def source_tone(view: View) -> str:
    if view["state"] in ("retrying", "stopped"):
        return "stuck"
    return "well" if view["connected"] else "still"


def _worst_first(views: Sequence[View], tone: Tone) -> list[View]:
    ranked = sorted(views, key=lambda view: (WORST.index(tone(view)), view["name"]))
    return sorted(ranked[:COLUMN_NODES_MAX], key=lambda view: str(view["name"]))


def _column(place: int, views: Iterable[View], draw: Draw) -> Placed:
    found: Placed = {}
    for row, view in enumerate(views):
        says, tone, address = draw(view)
        name = str(view["name"])
        y = GAP + row * (NODE_HEIGHT + GAP)
        found[name] = Node(name, shortened(name), says, tone, address, place * COLUMN_STEP, y)
    return found


def shortened(name: str) -> str:
    """A name that fits into its box: without the namespace that needs no saying, and cut."""
    short = name.removeprefix("default/").removeprefix("http://").removeprefix("https://")
    if len(short) <= LABEL_CHARACTERS_MAX:
        return short
    return f"{short[:HEAD_CHARACTERS]}…{short[-(LABEL_CHARACTERS_MAX - HEAD_CHARACTERS - 1) :]}"


def _source(view: View) -> tuple[str, str, str]:
    lag = "" if not view["lag"] else f", {number(view['lag'])} to come"
    says = f"{view['kind']}: {view['state']}{lag}"
    return says, source_tone(view), named("/sources", view["name"])


def _broker(view: View) -> tuple[str, str, str]:
    tone = "well" if view["state"] == "ready" else "stuck"
    says = f"{number(view['events'])} events, {view['state']}"
    return says, tone, link("/events", broker=view["name"])


def _trigger(view: View) -> tuple[str, str, str]:
    parts = [
        f"{number(view[count])} {word}"
        for count, word in (("backlog", "behind"), ("parked", "parked"), ("dead", "dead"))
        if view[count]
    ]
    says = f"{view['state']}: {', '.join(parts)}" if parts else f"{view['state']}, nothing waits"
    return says, trigger_tone(view), named("/triggers", view["name"])


def _sink(view: View) -> tuple[str, str, str]:
    tone = "stuck" if view["state"] in STOPPING else "well"
    says = f"{view['state']}, {number(view['in_flight'])} in flight"
    return says, tone, link("/sinks", name=view["name"])


def _edges(
    sources: Sequence[View], triggers: Sequence[View], columns: tuple[Placed, ...]
) -> list[Edge]:
    wanted = [(columns[0], one["name"], columns[1], one["broker"]) for one in sources]
    wanted += [(columns[1], one["broker"], columns[2], one["name"]) for one in triggers]
    wanted += [(columns[2], one["name"], columns[3], one["sink"]) for one in triggers]
    found = []
    for left, start, right, end in wanted:
        if start in left and end in right:
            tone = left[start].tone if left is not columns[1] else right[end].tone
            found.append(Edge(_curve(left[start], right[end]), tone))
    return found


def _curve(start: Node, end: Node) -> str:
    x1, y1 = start.x + NODE_WIDTH, start.y + NODE_HEIGHT // 2
    x2, y2 = end.x, end.y + NODE_HEIGHT // 2
    middle = (x1 + x2) // 2
    return f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"
