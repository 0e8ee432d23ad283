"""What people and programs read: tables of at most 100 columns, JSON, YAML."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from deploy.cli.client import Item, printable
from deploy.cli.options import Output

COLUMNS_MAX = 100
GAP_COLUMNS = 2
_WIDTH_MIN = 8
_TEXT_CHARACTERS_MAX = 400
Answered = TypeVar("Answered")
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, where its value is in an item, how it is written."""

    title: str
    field: str
    write: Callable[[Any], str] = str
    justify: Literal["left", "right"] = "left"
    whole: bool = False  # never wrapped: numbers, ids, short words
    width_wanted: int = 10  # others that wrap are narrowed before this one is below it


def show_items(items: Sequence[Item], columns: Sequence[Column], output: Output, noun: str) -> None:
    """A list, as asked for; an empty table says `no <noun>`."""
    if output is not Output.TABLE:
        write_data(list(items), output)
    elif not items:
        print(f"no {noun}")
    else:
        draw_table(items, columns)


def show_answer(answer: Answered, output: Output, draw: Callable[[Answered], object]) -> None:
    """One answer as data, or to people by `draw`."""
    if output is Output.TABLE:
        draw(answer)
    else:
        write_data(answer, output)


def draw_table(items: Sequence[Item], columns: Sequence[Column]) -> None:
    from rich.table import Table
    from rich.text import Text

    console = _console()
    rows = [[cell(item, column) for column in columns] for item in items]
    chosen = widths(columns, rows, console.width)
    table = Table(
        box=None, pad_edge=False, header_style=_emphasis(console), padding=(0, GAP_COLUMNS, 0, 0)
    )
    for column, width in zip(columns, chosen, strict=True):
        overflow: Literal["ellipsis", "fold"] = "ellipsis" if column.whole else "fold"
        table.add_column(
            column.title,
            justify=column.justify,
            no_wrap=column.whole,
            overflow=overflow,
            width=width,
        )
    for row in rows:
        table.add_row(*(Text(text) for text in row))
    # Too wide all the same: a terminal that wraps a line loses nothing, a cut one does.
    console.width = max(console.width, sum(chosen) + GAP_COLUMNS * len(chosen))
    _draw(console, table)


def widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """How wide each column is: as its longest value, the widest of those that wrap made
    narrower until all fit into `room`."""
    longest = [
        max(len(column.title), *(len(row[index]) for row in rows))
        for index, column in enumerate(columns)
    ]
    wrapping = [index for index, column in enumerate(columns) if not column.whole]
    room -= GAP_COLUMNS * (len(columns) - 1)
    while sum(longest) > room and wrapping:
        # First those above the width they should have, the widest of them; then any.
        widest = max(
            wrapping,
            key=lambda index: (longest[index] > columns[index].width_wanted, longest[index]),
        )
        if longest[widest] <= _WIDTH_MIN:
            break
        longest[widest] -= 1
    return longest


def cell(item: Mapping[str, Any], column: Column) -> str:
    """One value for people: safe, short, `-` where there is none."""
    value: Any = item
    for part in column.field.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None or value == "":
        return "-"
    text = printable(column.write(value))
    return text if len(text) <= _TEXT_CHARACTERS_MAX else text[:_TEXT_CHARACTERS_MAX] + "…"


def draw_fields(fields: Sequence[tuple[str, str]]) -> None:
    """Names and values, one a line, the values under each other."""
    from rich.table import Table
    from rich.text import Text

    console = _console()
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields:
        table.add_row(Text(printable(name), style=_emphasis(console)), Text(printable(value)))
    _draw(console, table)


def _console() -> Any:
    """At most 100 columns wide; exactly so where nobody is there to say how wide it is."""
    from rich.console import Console

    console = Console(highlight=False)
    console.width = min(console.width, COLUMNS_MAX) if console.is_terminal else COLUMNS_MAX
    return console


def _emphasis(console: Any) -> str:
    """NO_COLOR asks for no escape sequences at all, of people who paste what they see."""
    return "" if console.no_color else "bold"


def _draw(console: Any, table: Any) -> None:
    with console.capture() as captured:
        console.print(table)
    # The last column is padded to its width, which only makes lines wrap and diffs noisy.
    lines = captured.get().splitlines()
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in lines))


def heading(title: str) -> None:
    print(f"\n{title}")


def print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def draw_spec(item: Item) -> None:
    """How it is configured, where that is said."""
    if item.get("spec"):
        heading("configured as")
        write_data(item["spec"], Output.YAML)


def write_data(value: Any, output: Output) -> None:
    """JSON or YAML in ASCII: safe at every terminal, readable by every program."""
    if output is Output.YAML:
        import yaml

        sys.stdout.write(yaml.safe_dump(value, sort_keys=False, width=COLUMNS_MAX))
    else:
        print(json.dumps(value, indent=2))


def number(value: Any) -> str:
    """12,345"""
    return f"{value:,}" if isinstance(value, int) else str(value)


def counted(count: int, noun: str) -> str:
    """1 attempt, 2 attempts"""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def rate(value: Any) -> str:
    """4,980 or 0.25: events a second."""
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"


def rates(value: Any, way: str = "in") -> str:
    """`4,980 (10 s), 4,210 (60 s)` of the rates of a trigger, `-` before they are known."""
    parts = [(value.get(f"{way}_{window}"), window) for window in ("10s", "60s")]
    known = [f"{rate(each)} ({window[:-1]} s)" for each, window in parts if each is not None]
    return ", ".join(known) or "-"


def present(item: Mapping[str, Any], columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Titles and values for `draw_fields`, without those that have none."""
    fields = [(column.title, cell(item, column)) for column in columns]
    return [(title, value) for title, value in fields if value != "-"]


def size(value: Any) -> str:
    """12.3 MiB"""
    if not isinstance(value, int | float):
        return str(value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1_024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1_024
    return f"{value:.1f} TiB"


def seconds(value: Any) -> str:
    """0.204 s"""
    return f"{value:.3f} s" if isinstance(value, int | float) else str(value)


def moment(value: Any) -> str:
    """A time to the second, in UTC."""
    parsed = _parsed(value)
    return parsed.strftime("%Y-%m-%d %H:%M:%SZ") if parsed else str(value)


def age(value: Any) -> str:
    """How long ago: 3d4h, 5m10s."""
    parsed = _parsed(value)
    return elapsed(datetime.now(UTC) - parsed) if parsed else str(value)


def elapsed(duration: timedelta) -> str:
    """The two largest units of a duration."""
    left = max(0, int(duration.total_seconds()))
    parts: list[str] = []
    for unit, unit_seconds in _SECONDS.items():
        amount, left = divmod(left, unit_seconds)
        if amount or parts:
            parts.append(f"{amount}{unit}")
    return "".join(parts[:2]) or "0s"


def _parsed(value: Any) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else None
