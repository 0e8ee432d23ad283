"""What the demo says on its way, for people."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from deploy.addresses import Address
from deploy.demo.files import GOOD, SPOILED, FileTally
from deploy.demo.home import Home
from deploy.demo.irises import Tally

BROKER = "/default/default"
ADMIN_PORT = 8081  # where the command line asks unless told otherwise


class Telling:
    """`folder` is that of the run, `home` where its files are."""

    def __init__(self, folder: Path, home: Home) -> None:
        self.console = Console(highlight=False)
        self._folder = folder
        self._home = home

    def started(self, ingress: Address, admin: Address) -> None:
        self._say(f"[bold]headrace demo[/]  data in {self._folder}")
        self._say(f"ingress  http://{ingress}{BROKER}   admin  http://{admin}")
        self._say(f"console  http://{admin}/")

    def bucket_made(self, name: str) -> None:
        self._say(f"bucket   {name} was made")

    def files(self, found: Sequence[FileTally]) -> None:
        self._say_whole(f"\n{GOOD} and {SPOILED} were put into {self._home.shown}")
        for one in found:
            right = f"{one.right} of them right" if one.predicted else "none"
            rows = f"{one.predicted} of {one.rows} rows of {one.name}"
            self._say(f"[green]predicted[/]     {rows}, {right}")
        failed = sum(one.failed for one in found)
        self._say(f"[yellow]errors[/]        {failed} rows, with why, in {SPOILED}.errors.jsonl")
        self._say("manifest      last, beside the predictions: all of it is whole\n")

    def events(self, tally: Tally, predictions: Path) -> None:
        taken = f"{tally.accepted} of {tally.published} measurements"
        right = f"{tally.correct} of them right: accuracy {tally.accuracy:.1%}"
        dead = f"{tally.refused} refused (422), {tally.exhausted} whose attempts were used up (500)"
        self._say(f"[green]accepted[/]      {taken}, on disk")
        self._say(f"[green]classified[/]    {tally.predictions} predictions, {right}")
        self._say(f"[green]delivered[/]     {tally.delivered} orders to the subscriber")
        self._say(f"[yellow]dead letters[/]  {dead}")
        self._say_whole(f"predictions   {predictions}")
        self._say_whole(f"log           {self._folder / 'headrace.log'}")

    def next_steps(self, ingress: Address, admin: Address) -> None:
        program = program_name()
        asked = "" if admin.port == ADMIN_PORT else f" --admin http://{admin}"
        self._say("\nIt goes on running. In another terminal, try:")
        self._say_whole(f"  {program} files{asked}")
        self._say_whole(f"  {self._home.copying}")
        self._say_whole(f"  {program} triggers{asked}")
        self._say_whole(f"  {program} dead-letters{asked}")
        self._say_whole(f"  {program} events{asked}")
        self._say_whole(
            f"  {program} send --to http://{ingress}{BROKER} --type com.example.flower.measured "
            "--subject setosa --field sepal_length=5.1 --field sepal_width=3.5 "
            "--field petal_length=1.4 --field petal_width=0.2"
        )
        self._say("Ctrl-C ends it.")

    def problems(self, found: Sequence[str]) -> None:
        for problem in found:
            self._say(f"[red]not as it must be:[/] {escape(problem)}")

    def progress(self) -> Progress:
        """Bars, which end without a trace; none where nobody sees them move."""
        return Progress(console=self.console, transient=True, disable=not self.console.is_terminal)

    def _say(self, text: str) -> None:
        self.console.print(text)

    def _say_whole(self, text: str) -> None:
        """On one line however long it is: people copy it."""
        self.console.print(text, soft_wrap=True)


def program_name() -> str:
    """How headrace is called in a terminal: by its path where that is not on the PATH."""
    if shutil.which("headrace") is not None:
        return "headrace"
    program = Path(sys.executable).with_name("headrace")
    here = Path.cwd()
    return str(program.relative_to(here) if program.is_relative_to(here) else program)
