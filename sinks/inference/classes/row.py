"""One row of a table of answers, and how an answer is compared with it."""

from collections.abc import Callable
from typing import NamedTuple

from broker.delivery import OutcomeClass
from sinks.inference.protocol import ModelAnswer

READ_BYTES_MAX = 65_536  # of a refusal's body: servers say it at the start, or not at all
NOT_FOUND = 404
Statuses = int | range
Learned = Callable[[str, int], int | None]
"""From a body's text and the number of events: how many a batch may have."""


class Row(NamedTuple):
    """Answers of `status` whose body has `text` (any, where None; none at all, where empty).

    `media_type` is the beginning of a content-type; `retry_after` whether that header is there.
    `alone`: only for one event, or only for several. `waking`: only while a model is woken.
    """

    status: Statuses
    outcome_class: OutcomeClass
    text: str | None = None
    media_type: str | None = None
    retry_after: bool | None = None
    alone: bool | None = None
    waking: bool | None = None
    others_succeed: bool | None = None
    is_missing: bool = False
    batch_max: Learned | None = None

    def fits(self, answer: ModelAnswer, text: str, events: int) -> bool:
        """`text` is the body's; `events` how many the request had."""
        statuses = self.status if isinstance(self.status, range) else (self.status,)
        return (
            answer.status in statuses
            and (self.text is None or (self.text in text if self.text else not text.strip()))
            and self._fits_headers(answer)
            and self.alone in (None, events == 1)
            and self.waking in (None, answer.is_waking)
            and self.others_succeed in (None, answer.others_succeed)
        )

    def _fits_headers(self, answer: ModelAnswer) -> bool:
        if self.media_type is not None:
            return answer.header("content-type").startswith(self.media_type)
        return self.retry_after in (None, bool(answer.header("retry-after")))


def half(_text: str, events: int) -> int:
    return max(1, events // 2)


def one(_text: str, _events: int) -> int:
    return 1
