"""Commands that steer one job, by its id: the same act by several names."""

from collections.abc import Callable, Mapping
from typing import Any

import typer

from deploy.cli.client import Item, in_path
from deploy.cli.grouping import Verb
from deploy.cli.options import (
    AdminOption,
    Chosen,
    OutputOption,
    ReasonOption,
    TokenOption,
    choose,
)
from deploy.cli.output import show_answer


def job_verbs(
    place: str, argument: Any, helps: Mapping[str, str], sentence: Callable[[Item], str]
) -> dict[str, Verb]:
    """A command for each of `helps`, which posts to `place`/JOB/VERB and says how the job stands.

    `argument` is how the command line is told of a job's id.
    """
    return {verb: _steering(f"{place}/{{}}/{verb}", argument, text, sentence)
            for verb, text in helps.items()}  # fmt: skip


def _steering(path: str, argument: Any, text: str, sentence: Callable[[Item], str]) -> Verb:
    """A command whose help is `text`."""

    def steer(
        context: typer.Context,
        job: str,
        reason: ReasonOption = "",
        admin: AdminOption = None,
        token: TokenOption = None,
        output: OutputOption = None,
    ) -> None:
        chosen = choose(context, admin, token, output)
        tell(chosen, chosen.client().post(path.format(in_path(job)), {"reason": reason}), sentence)

    steer.__annotations__["job"] = argument
    steer.__doc__ = text
    return steer


def tell(chosen: Chosen, job: Item, sentence: Callable[[Item], str]) -> None:
    """How a job stands: a sentence, or the answer as it is."""
    show_answer(job, chosen.format, lambda told: print(sentence(told)))
