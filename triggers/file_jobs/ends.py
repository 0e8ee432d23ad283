"""How a job at work comes to a stop: raised where that shows, caught by its runner."""

from triggers.file_jobs.judging import Verdict


class JobStops(Exception):
    """The job begins no more chunks."""


class JobFails(JobStops):
    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.why)
        self.verdict = verdict


class JobPauses(JobStops):
    """An answer says that the configuration is wrong: nothing is lost, somebody has to mend it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class JobSuperseded(JobStops):
    """The file, or how it is read and written, is another by now."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What a group of tasks failed with: a defect before what merely stops a job."""
    flat: list[BaseException] = []
    for each in group.exceptions:
        flat.append(first_of(each) if isinstance(each, BaseExceptionGroup) else each)
    return min(flat, key=lambda one: isinstance(one, JobStops))
