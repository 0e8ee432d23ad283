import pytest

from broker.delivery import OutcomeClass
from sinks.http_status import is_retried, outcome_class


@pytest.mark.parametrize("status", [None, 404, 408, 409, 429, 500, 503, 599, 600, 999])
def test_these_are_tried_again(status: int | None) -> None:
    assert is_retried(status)


@pytest.mark.parametrize("status", [300, 301, 304, 308, 400, 401, 403, 410, 413, 415, 418, 499])
def test_these_are_final(status: int) -> None:
    assert not is_retried(status)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, OutcomeClass.OK),
        (299, OutcomeClass.OK),
        (301, OutcomeClass.BAD_INPUT),
        (404, OutcomeClass.TRANSIENT),
        (410, OutcomeClass.CONFIG),
        (422, OutcomeClass.BAD_INPUT),
        (429, OutcomeClass.OVERLOAD),
        (503, OutcomeClass.TRANSIENT),
        (None, OutcomeClass.TRANSIENT),
    ],
)
def test_each_status_has_one_class(status: int | None, expected: OutcomeClass) -> None:
    assert outcome_class(status) is expected
