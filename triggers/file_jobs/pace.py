"""How fast jobs are, since they last began; for people. Time is monotonic seconds."""

from collections.abc import Callable

from triggers.file_jobs.job import FileJob
from triggers.file_jobs.judging import share_done

SECONDS_MIN = 0.2  # a rate of less says nothing


class Pace:
    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._begun: dict[str, tuple[float, int, float]] = {}  # when, at which row, at which share

    def begin(self, id: str, rows: int, share: float = 0.0) -> None:
        self._begun[id] = (self._monotonic(), rows, share)

    def end(self, id: str) -> None:
        self._begun.pop(id, None)

    def of(self, job: FileJob) -> tuple[float | None, float | None]:
        """Rows a second, and seconds that are left; None where nothing tells."""
        begun = self._begun.get(job.id)
        if begun is None:
            return None, None
        seconds = self._monotonic() - begun[0]
        if seconds < SECONDS_MIN or job.rows <= begun[1]:
            return None, None
        share = share_done(job)
        newly = None if share is None else share - begun[2]
        left = (1.0 - share) * seconds / newly if share is not None and newly else None
        return (job.rows - begun[1]) / seconds, left
