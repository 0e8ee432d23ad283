"""Which dead letters a command is about: ids, a query or a group, frozen as a plan."""

from typing import Annotated

import typer

from broker.errors import Invalid
from deploy.cli.client import Admin, Item, full_name, in_path
from deploy.cli.completing import offer_targets, offering

IdsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]…", help="Dead letters by their ids.", show_default=False),
]
WhereOption = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="QUERY",
        help="Those that a query in CESQL matches, such as reason = 'attempts'.",
        show_default=False,
    ),
]
GroupOption = Annotated[
    str | None,
    typer.Option(
        "--group",
        metavar="GROUP",
        help="Those of a group.",
        show_default=False,
        autocompletion=offering("/dead-letter-groups", "pattern"),
    ),
]
PlanOption = Annotated[
    str | None,
    typer.Option(
        "--plan",
        metavar="PLAN",
        help="Those of a plan that was shown before.",
        autocompletion=offering("/dead-letters/plans", "verb"),
    ),
]
RateOption = Annotated[
    float | None,
    typer.Option(
        "--rate",
        min=0.1,
        max=10_000,
        metavar="N",
        help="So many a second; else as the plan says, which is 50 where nobody said.",
        show_default=False,
    ),
]
CanaryOption = Annotated[
    int | None,
    typer.Option(
        "--canary",
        min=0,
        max=1_000,
        metavar="K",
        help="Go on only after the first K went well; else 10 where there are over 100.",
    ),
]
AbortOption = Annotated[
    float,
    typer.Option(
        "--abort-above",
        min=0,
        max=1,
        metavar="SHARE",
        help="Stop where more of the first attempts fail again.",
    ),
]
ToSinkOption = Annotated[
    str | None,
    typer.Option(
        "--to-sink",
        metavar="NAME|URL",
        help="To this sink of the configuration, or this URL, not to their own.",
        autocompletion=offer_targets,
    ),
]
ToBrokerOption = Annotated[
    str | None,
    typer.Option(
        "--to-broker",
        metavar="NAME",
        help="Publish them again, to all triggers of this broker; . is their own.",
        autocompletion=offering("/brokers", "state", "name"),
    ),
]
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Do not follow it.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")]


def make_plan(
    client: Admin,
    verb: str,
    ids: list[str] | None,
    where: str | None,
    group: str | None,
    broker: str | None,
    rate: float | None = None,
    **aim: str | None,
) -> Item:
    """The plan of those that are meant. Raises Invalid where it is not said which.

    `aim` are to_sink and to_broker, of a redrive.
    """
    where = (where or "").strip()  # a script's empty variable asks for nothing, not for all
    if sum(1 for one in (ids, where, group) if one) != 1:
        raise Invalid("say which dead letters", remedy="give ids, or --where, or --group")
    if group and not group.isalnum():
        raise Invalid(f"{group[:40]!r} is no group", remedy="headrace dead-letters lists them")
    wanted = {
        "ids": list(dict.fromkeys(ids)) if ids else None,
        "where": where or None,
        "group": group or None,
        "broker": full_name(broker) if broker else None,
        "rate": rate,
        **aim,
    }
    asked = {name: value for name, value in wanted.items() if value is not None}
    return client.post("/dead-letters/plans", {"verb": verb, **asked})


def find_plan(client: Admin, plan: str, *choice: object) -> Item:
    """A plan that was made before. Raises Invalid where `choice` says something beside it."""
    if any(choice):
        raise Invalid(
            "a plan says which dead letters, and where they go",
            remedy="leave out ids, --where, --group, --broker, --to-sink and --to-broker",
        )
    return client.get(f"/dead-letters/plans/{in_path(plan)}")
