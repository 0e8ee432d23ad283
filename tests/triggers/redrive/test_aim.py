"""Where a redrive goes, what is to be known before, and what stands there after."""

from datetime import timedelta

import pytest

from broker.clock import EPOCH
from broker.errors import Invalid
from broker.storage.rows import DeadState
from tests.triggers.where.letters import letter
from triggers.redrive.aim import OWN, Aim, check_aim, found_name
from triggers.redrive.aim_facts import SinkFacts, caveats_of, concerning
from triggers.redrive.checking import check_options
from triggers.redrive.job import Options, begin, decode, encode
from triggers.redrive.plan import Strand
from triggers.redrive.planning import TriggerFacts
from triggers.redrive.published import (
    again_event,
    counted_move,
    is_published,
    published_move,
)

NAMES = ("default/iris", "default/scores", "team/iris")
LATER = EPOCH + timedelta(hours=1)


def codes(aim: Aim, facts: SinkFacts | None = None) -> list[str]:
    return [one.code for one in caveats_of(aim, facts)]


@pytest.mark.parametrize(
    ("said", "found"), [("iris", "default/iris"), ("team/iris", "team/iris")], ids=str
)
def test_a_bare_name_is_one_of_the_namespace(said: str, found: str) -> None:
    assert found_name("sink", said, "default", NAMES) == found


def test_an_unknown_name_is_refused_with_what_there_is() -> None:
    with pytest.raises(Invalid) as caught:
        found_name("sink", "irsi", "default", NAMES)

    assert caught.value.code == "unknown-sink"
    assert "did you mean default/iris?" in str(caught.value.remedy)
    assert "default/scores" in str(caught.value.remedy)


def test_where_there_is_none_it_says_so() -> None:
    with pytest.raises(Invalid) as caught:
        found_name("sink", "iris", "default", ())

    assert caught.value.remedy == "there is no sink at all"


def test_a_sink_and_a_broker_at_once_are_refused() -> None:
    with pytest.raises(Invalid) as caught:
        check_aim(Aim("default/iris", "default/default"))

    assert caught.value.code == "bad-parameter"


def test_to_its_own_trigger_there_is_nothing_to_know() -> None:
    assert codes(OWN) == []


def test_a_broker_says_plainly_who_gets_it_again() -> None:
    (caveat,) = caveats_of(Aim(broker="default/main"), None)

    assert caveat.text.startswith("every trigger of default/main that matches gets it again")
    assert "no canary" in caveat.text


def test_a_sink_of_another_kind_and_one_that_fails_are_warned_of() -> None:
    facts = SinkFacts(
        "default/iris", "InferenceSink", frozenset({"HTTP subscriber"}), last_failure="503"
    )

    found = caveats_of(Aim("default/iris"), facts)

    assert [one.code for one in found] == ["to-sink", "sink-kind", "sink-failing"]
    assert found[-1].message == "503"


def test_a_sink_that_is_well_and_of_the_same_kind_is_only_named() -> None:
    kind = "HTTP subscriber"

    assert codes(Aim("default/b"), SinkFacts("default/b", kind, frozenset({kind}))) == ["to-sink"]


def test_a_sink_that_takes_nothing_is_said_to() -> None:
    facts = SinkFacts("default/b", "FileSink", frozenset({"FileSink"}), target_state="open")

    assert codes(Aim("default/b"), facts) == ["to-sink", "sink-failing"]


def test_a_job_that_publishes_has_no_canary() -> None:
    aim = Aim(broker="default/main")

    job = begin("j", "default/main", (Strand("t", 500),), Options(), "ann", "", EPOCH, aim)

    assert job.canary == 0
    assert decode("j", encode(job)) == job


def test_a_canary_of_what_is_published_is_refused() -> None:
    check_options(Options(canary=5), Aim("default/iris"))

    with pytest.raises(Invalid) as caught:
        check_options(Options(canary=5), Aim(broker="default/main"))

    assert caught.value.code == "bad-canary"


def test_what_is_published_counts_the_redrive_and_keeps_all_else() -> None:
    dead = letter(redrives=2)

    event = again_event(dead)

    assert event.attributes["headraceredrive"] == "3"
    assert (event.id, event.source, event.data) == (
        dead.event.id, dead.event.source, dead.event.data,
    )  # fmt: skip


def test_a_published_letter_says_where_it_went_and_is_counted_once_more_as_the_same() -> None:
    aim = Aim(broker="default/main")
    job = begin("j", "default/main", (Strand("t", 1),), Options(), "ann", "", EPOCH, aim)

    move = published_move(job, "a", 1204, LATER)
    done = letter(state=DeadState.DELIVERED, moved_by=move.by, moved_reason=move.reason)

    assert move.reason == "published to default/main by redrive j as offset 1,204"
    assert is_published(job, done)
    assert counted_move(done, LATER).reason == move.reason
    assert not is_published(job, letter(state=DeadState.DELIVERED))


def test_elsewhere_it_matters_not_how_the_own_sinks_are() -> None:
    paused = TriggerFacts("t", is_paused=True, target_state="open", last_failure="503", sampled=9)
    gone = TriggerFacts("u", is_there=False)

    assert concerning(OWN, [paused, gone]) == [paused, gone]
    assert concerning(Aim("default/iris"), [paused, gone]) == [TriggerFacts("t", sampled=9), gone]
    assert concerning(Aim(broker="default/main"), [paused, gone]) == ()


def test_the_id_of_a_job_that_begins_as_another_is_not_that_one() -> None:
    aim = Aim(broker="default/main")
    job = begin("j", "default/main", (Strand("t", 1),), Options(), "ann", "", EPOCH, aim)
    other = begin("j-2", "default/main", (Strand("t", 1),), Options(), "ann", "", EPOCH, aim)

    move = published_move(other, "a", None, LATER)

    done = letter(state=DeadState.DELIVERED, moved_reason=move.reason)
    assert (is_published(other, done), is_published(job, done)) == (True, False)
