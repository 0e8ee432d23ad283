"""What is kept of a delivery that was given up, and what its copy says."""

import base64
from datetime import timedelta

import pytest

from broker.delivery import Attempt, Evidence, Failed, OutcomeClass, Reason
from broker.storage.rows import DeadLetter
from tests.scenarios.house import BEGINNING
from tests.triggers.workshop import row, stored
from triggers.carriage import Carriage, fresh, resumed
from triggers.dead_letters import (
    ERROR_DATA_BYTES_MAX,
    Deathbed,
    build_dead_letter,
    forwarded_event,
)

DEATHBED = Deathbed("default/b", "http://sink/", 3)
FAILED = Failed(
    OutcomeClass.TRANSIENT, "HTTP 503 after 12 ms", 503, evidence=Evidence(body=b"\xffbusy")
)
ATTEMPT = Attempt(1, BEGINNING, 0.5, "transient", 503, "HTTP 503 after 12 ms")
LATER = BEGINNING + timedelta(hours=1)


def letter_of(carriage: Carriage, failed: Failed = FAILED) -> DeadLetter:
    return build_dead_letter(
        carriage,
        failed,
        Reason.ATTEMPTS,
        DEATHBED,
        dead_at=LATER,
        first_at=BEGINNING,
        attempts=(ATTEMPT,),
    )


@pytest.fixture
def carriage() -> Carriage:
    made = fresh("0000abcd/default/t/", "default/t", stored(7, subject="s"))
    made.attempt = 4
    return made


def test_all_that_is_known_of_the_delivery_is_kept(carriage: Carriage) -> None:
    letter = letter_of(carriage)

    assert letter.event is carriage.event, "byte-exact"
    assert (letter.place, letter.delivery_id) == (carriage.place, "0000abcd/default/t/7")
    assert (letter.broker, letter.sink, letter.revision) == ("default/b", "http://sink/", 3)
    assert (letter.reason, letter.outcome_class, letter.status) == ("attempts", "transient", 503)
    assert (letter.stored_at, letter.first_at, letter.dead_at) == (BEGINNING, BEGINNING, LATER)
    assert (letter.attempt_count, letter.attempts) == (4, (ATTEMPT,))


def test_failures_that_differ_in_numbers_only_are_one_group(carriage: Carriage) -> None:
    other = Failed(OutcomeClass.TRANSIENT, "HTTP 503 after 99 ms", 503)
    unlike = Failed(OutcomeClass.TRANSIENT, "connection refused")

    groups = [letter_of(carriage, failed).group for failed in (FAILED, other, unlike)]

    assert groups[0] == groups[1] != groups[2]


def test_one_delivery_has_one_dead_letter_however_often_it_dies(carriage: Carriage) -> None:
    again = resumed(row(7, delivery_id=carriage.id, redrives=2))

    first, second = letter_of(carriage), letter_of(again)

    assert first.id == second.id
    assert (first.redrives, second.redrives) == (0, 2)


def test_its_copy_says_where_it_failed_and_how(carriage: Carriage) -> None:
    copy = forwarded_event(letter_of(carriage), FAILED)

    added = {k: v for k, v in copy.attributes.items() if k not in carriage.event.attributes}
    assert added == {
        "knativeerrordest": "http://sink/",
        "knativeerrorcode": "503",
        "knativeerrordata": base64.b64encode(b"\xffbusy").decode(),
        "headracereason": "attempts",
        "headraceattempts": "4",
        "headracetrigger": "default/t",
    }
    assert (copy.data, copy.id) == (carriage.event.data, carriage.event.id)


def test_where_nobody_answered_the_copy_has_no_code_and_no_data(carriage: Carriage) -> None:
    failed = Failed(OutcomeClass.TRANSIENT, "connection refused")

    copy = forwarded_event(letter_of(carriage, failed), failed)

    assert not {"knativeerrorcode", "knativeerrordata"} & set(copy.attributes)


def test_of_a_long_answer_the_copy_has_the_beginning(carriage: Carriage) -> None:
    failed = Failed(OutcomeClass.TRANSIENT, "no", 500, evidence=Evidence(body=b"x" * 4096))

    copy = forwarded_event(letter_of(carriage, failed), failed)

    data = base64.b64decode(copy.attributes["knativeerrordata"])
    assert data == b"x" * ERROR_DATA_BYTES_MAX
