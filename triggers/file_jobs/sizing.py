"""How many records a call has: as many as written, or found by trying. Pure."""

from collections.abc import Sequence

from broker.delivery import Failed, OutcomeClass
from sinks.file_batch.spec import CallSpec
from sinks.inference_spec import InferenceSinkSpec
from sinks.target_limits import BatchLimit
from triggers.file_jobs.requests import Prediction

_TOO_LARGE_STATUSES = (413, 507)  # too large, out of memory: of a batch, smaller ones may pass


def batch_limit(call: CallSpec, model: InferenceSinkSpec) -> BatchLimit:
    """Where it is found by trying, up to what the sink's `batch` allows."""
    most = call.batch_size or model.batch_max_records
    seconds = model.batch.target_latency_seconds
    return BatchLimit(most, seconds, is_adaptive=call.batch_size is None)


def learn_size(limit: BatchLimit, answers: Sequence[Prediction | Failed], seconds: float) -> None:
    """From what came of one call of so many records, which took so long."""
    failed = [answer for answer in answers if isinstance(answer, Failed)]
    if not failed:
        limit.good(len(answers), seconds)
    elif any(_asks_for_less(answer) for answer in failed):
        limit.halve()


def _asks_for_less(failed: Failed) -> bool:
    is_slow = failed.outcome_class is OutcomeClass.TRANSIENT
    return is_slow or failed.status in _TOO_LARGE_STATUSES
