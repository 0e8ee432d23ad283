"""Whether a redrive goes on: by the share of first attempts that failed again. Pure.

Later attempts do not count: a sink that is well takes the first, and retries hide for minutes
that one is not.
"""

from collections.abc import Iterable
from dataclasses import replace

from triggers.redrive.job import RedriveJob, State

WINDOW = 50  # the latest first attempts, which are watched after the canary too
ENOUGH = 20  # of them; fewer are no share
FAILED, WELL = "F", "."


def judge(job: RedriveJob) -> RedriveJob:
    """`job` as it goes on after what is known of its first attempts."""
    if not job.left:
        return job  # all was sent: there is nothing to leave as it was
    if job.state is State.CANARY:
        return _judge_canary(job)
    # A paused one that is resumed is judged then.
    if job.state is State.RUNNING and len(job.firsts) >= ENOUGH:
        failed, looked = job.firsts.count(FAILED), len(job.firsts)
        if failed > job.abort_above * looked:
            return job.become(
                State.ABORTED, _why(f"the latest {looked} first attempts", failed, looked, job)
            )
    return job


def _judge_canary(job: RedriveJob) -> RedriveJob:
    """It has failed as soon as it cannot pass any more; it has passed when all were tried."""
    planned = min(job.canary, job.firsts_done + untried(job) + job.left)
    failed, done = job.firsts_failed, job.firsts_done
    if failed > job.abort_above * planned:
        return job.become(State.ABORTED, _why(f"the canary's {planned}", failed, planned, job))
    return job.become(State.RUNNING) if done >= planned else job


def _why(which: str, failed: int, of: int, job: RedriveJob) -> str:
    share, most = f"{100 * failed / of:.0f} %", f"{100 * job.abort_above:g} %"
    return f"{failed} of {which} failed again: {share}, and {most} are let pass"


def untried(job: RedriveJob) -> int:
    """How many are under way whose first attempt has not ended."""
    return len(job.waiting) - len(job.tried)


def may_take(job: RedriveJob) -> int:
    """How many more it may take now, as far as its state says."""
    if job.state is State.CANARY:
        return min(job.left, max(0, job.canary - job.firsts_done - untried(job)))
    return job.left if job.state is State.RUNNING else 0


def noted(job: RedriveJob, ids: Iterable[str], is_failed: bool) -> RedriveJob:
    """`job` after the first attempts of `ids`; nothing for those that were noted before."""
    firsts = [one for one in ids if one in job.waiting and one not in job.tried]
    if not firsts:
        return job
    count = len(firsts)
    return replace(
        job,
        tried=job.tried.union(firsts),
        firsts=(job.firsts + count * (FAILED if is_failed else WELL))[-WINDOW:],
        firsts_done=job.firsts_done + count,
        firsts_failed=job.firsts_failed + count * is_failed,
    )
