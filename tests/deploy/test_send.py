"""`headrace send`, against a real HTTP server that answers as an ingress does."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.codec import Limits, decode_batch, decode_binary, make_event
from broker.errors import Overloaded
from broker.event import Event
from deploy.cli.publisher import Publisher

Headrace = Callable[..., Any]
PATH = "/default/default"


@pytest.fixture
def broker(peer: Any) -> Any:
    peer.script(PATH, 202)
    return peer


def received(asked: Any) -> Event:
    headers = [(name.encode(), value.encode()) for name, value in asked.headers.items()]
    return decode_binary(headers, asked.body, Limits())


def test_every_attribute_and_the_data_arrive(headrace: Headrace, broker: Any) -> None:
    ran = headrace(
        "send", "--to", broker.url + PATH, "--type", "com.example.a", "--source", "/s",
        "--id", "7", "--subject", "Grüße, 100 %", "--time", "2026-01-31T12:00:00Z",
        "--dataschema", "http://schema/", "--content-type", "text/csv", "--ext", "region=eu",
        "--data", "a,b",
    )  # fmt: skip

    event = received(broker.asked[0])
    assert ran.exit_code == 0
    assert ran.out == f"accepted com.example.a 7 from /s at {broker.url}{PATH}\n"
    assert event.data == b"a,b"
    assert event.attributes == {
        "specversion": "1.0", "id": "7", "source": "/s", "type": "com.example.a",
        "subject": "Grüße, 100 %", "time": "2026-01-31T12:00:00Z", "region": "eu",
        "dataschema": "http://schema/", "datacontenttype": "text/csv",
    }  # fmt: skip


def test_id_time_and_source_are_made_where_they_are_not_given(
    headrace: Headrace, broker: Any
) -> None:
    headrace("send", "--to", broker.url + PATH, "--type", "a", "--count", 3)

    events = [received(asked) for asked in broker.asked]
    assert len({event.id for event in events}) == 3
    assert {event.source for event in events} == {"/headrace/send"}
    assert all(event.attributes["time"].endswith("Z") for event in events)


def test_a_given_id_is_numbered_where_several_are_sent(headrace: Headrace, broker: Any) -> None:
    headrace("send", "--to", broker.url + PATH, "--type", "a", "--id", "x", "--count", 3)

    assert [received(asked).id for asked in broker.asked] == ["x", "x-2", "x-3"]


def test_fields_become_json(headrace: Headrace, broker: Any) -> None:
    headrace(
        "send", "--to", broker.url + PATH, "--type", "a", "--field", "a.b=1", "--field", "a.c=x=y",
        "--field", "d=[true, null]", "--field", "e=NaN",
    )  # fmt: skip

    event = received(broker.asked[0])
    assert event.attributes["datacontenttype"] == "application/json"
    assert json.loads(event.data or b"") == {
        "a": {"b": 1, "c": "x=y"}, "d": [True, None], "e": "NaN",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("a.json", b'{"a": 1}', "application/json"),
        ("a", b'{"a": 1}', "application/json"),
        ("a", b"hello", "text/plain"),
        ("a", b"\x00\xff", "application/octet-stream"),
        ("a.png", b"\x89PNG", "image/png"),
    ],
)
def test_data_from_a_file_has_the_type_it_seems_to_have(
    headrace: Headrace, broker: Any, tmp_path: Path, name: str, content: bytes, content_type: str
) -> None:
    (tmp_path / name).write_bytes(content)

    headrace("send", "--to", broker.url + PATH, "--type", "a", "--data", f"@{tmp_path / name}")

    event = received(broker.asked[0])
    assert (event.data, event.attributes["datacontenttype"]) == (content, content_type)


def test_data_and_events_come_from_stdin_on_demand(
    headrace: Headrace, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = b'{"specversion":"1.0","id":"1","source":"/s","type":"t"}\n'
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"hello")))
    headrace("send", "--to", broker.url + PATH, "--type", "a", "--data", "-")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line * 2)))
    headrace("send", "--to", broker.url + PATH, "--file", "-")

    assert received(broker.asked[0]).data == b"hello"
    assert [received(asked).id for asked in broker.asked[1:]] == ["1", "1"]


def test_a_file_is_sent_in_batches_in_its_order(
    headrace: Headrace, broker: Any, tmp_path: Path
) -> None:
    lines = [
        f'{{"specversion":"1.0","id":"{n}","source":"/s","type":"t","data":{{"n": {n}}}}}'
        for n in range(5)
    ]
    (tmp_path / "events.ndjson").write_text("\n\n".join(lines))

    to, file = broker.url + PATH, tmp_path / "events.ndjson"
    ran = headrace("send", "--to", to, "--file", file, "--batch", 2)

    batches = [decode_batch(asked.body, Limits()) for asked in broker.asked]
    assert [[event.id for event in batch] for batch in batches] == [["0", "1"], ["2", "3"], ["4"]]
    assert batches[0][1].data == b'{"n": 1}'
    assert ran.out.startswith("accepted 5 events at ")


def test_a_bad_line_is_named_by_its_number(headrace: Headrace, broker: Any, tmp_path: Path) -> None:
    (tmp_path / "a").write_text('{"specversion":"1.0","id":"1","source":"/s","type":"t"}\n{}\n')

    ran = headrace("send", "--to", broker.url + PATH, "--file", tmp_path / "a")

    assert ran.exit_code == 1
    assert f"{tmp_path / 'a'}:2: " in ran.err


def test_what_was_accepted_is_json_on_demand(headrace: Headrace, peer: Any) -> None:
    peer.script(PATH, 202, headers={"headrace-duplicate": "true"})

    ran = headrace("send", "--to", peer.url + PATH, "--type", "a", "--id", "1", "-o", "json")

    told = json.loads(ran.out)
    assert (told["accepted"], told["duplicates"], told["refused"]) == (1, 1, 0)
    assert told["first"]["id"] == "1"


def test_a_refusal_is_told_in_the_brokers_own_words(headrace: Headrace, peer: Any) -> None:
    peer.script(PATH, 413, {"detail": "the event is too large", "remedy": "send a dataref"})

    ran = headrace("send", "--to", peer.url + PATH, "--type", "a")

    assert (ran.exit_code, ran.out) == (1, "")
    assert ran.err == "headrace: the event is too large; send a dataref\n"


def test_bad_entries_of_a_batch_are_listed(headrace: Headrace, peer: Any) -> None:
    entries = [{"index": 1, "detail": "the same id was sent with other data"}]
    peer.script(PATH, 409, {"detail": "1 of 2 entries is bad", "entries": entries})

    ran = headrace("send", "--to", peer.url + PATH, "--type", "a", "--count", 2, "--batch", 2)

    assert ran.exit_code == 1
    assert "entry 1: the same id was sent with other data" in ran.err


def test_one_refused_event_does_not_stop_the_others(headrace: Headrace, peer: Any) -> None:
    refused = peer.answer_of(400, {"detail": "bad"})
    peer.answers[PATH] = [peer.answer_of(202), refused, peer.answer_of(202)]

    ran = headrace("send", "--to", peer.url + PATH, "--type", "a", "--id", "x", "--count", 3)

    assert ran.exit_code == 1
    assert ran.out.startswith("accepted 2 events at ")
    assert ran.err == "refused: x-2: bad\nheadrace: refused events: 1\n"


def test_what_concerns_all_events_ends_it_at_once(headrace: Headrace, peer: Any) -> None:
    peer.script(PATH, 404, {"detail": "there is no such broker"})

    ran = headrace("send", "--to", peer.url + PATH, "--type", "a", "--count", 100)

    assert ran.exit_code == 1
    assert len(peer.asked) == 1


def test_it_waits_as_long_as_it_is_asked_and_sends_again(peer: Any) -> None:
    busy = peer.answer_of(503, {"detail": "busy"}, {"retry-after": "7"})
    peer.answers[PATH] = [busy, peer.answer_of(429), peer.answer_of(202)]
    waits: list[float] = []
    event = make_event({"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}, None)

    publisher = Publisher(peer.url + PATH, waits.append)
    publisher.publish([event], batched=False)
    publisher.close()

    assert waits == [7.0, 0.2]
    assert len(peer.asked) == 3


def test_it_gives_up_after_ten_tries_and_waits_at_most_half_a_minute(peer: Any) -> None:
    peer.script(PATH, 503, headers={"retry-after": "3600"})
    waits: list[float] = []
    event = make_event({"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}, None)
    publisher = Publisher(peer.url + PATH, waits.append)

    with pytest.raises(Overloaded, match="asked to wait 10 times"):
        publisher.publish([event], batched=False)
    publisher.close()

    assert waits == [30.0] * 10


def test_events_go_out_no_faster_than_the_rate(headrace: Headrace, broker: Any) -> None:
    many = ("--count", 5, "--rate", 50, "-o", "json")
    ran = headrace("send", "--to", broker.url + PATH, "--type", "a", *many)

    assert json.loads(ran.out)["seconds"] >= 4 / 50


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--type", "a", "--data", "x", "--field", "a=1"),
        ("--type", "a", "--file", "x"),
        ("--type", "a", "--to", "http://h/", "--broker", "b"),
        ("--type", "a", "--rate", "fast"),
        ("--type", "a", "--batch", "0"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    headrace: Headrace, words: tuple[str, ...]
) -> None:
    assert headrace("send", *words).exit_code == 2


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--type", ""), "type"),
        (("--type", "a", "--time", "now"), "time"),
        (("--type", "a", "--ext", "Bad=1"), "Bad"),
        (("--type", "a", "--ext", "nothing"), "--ext 'nothing' is not NAME=VALUE"),
        (("--type", "a", "--field", "a=1", "--field", "a.b=2"), "already has a value"),
        (("--type", "a", "--field", "a=1", "--field", "a=2"), "is given twice"),
        (("--type", "a", "--data", "@/nowhere"), "/nowhere cannot be read"),
        (("--file", "/nowhere"), "/nowhere cannot be read"),
        (("--type", "a", "--to", "host:8080"), "the URL is no http or https URL"),
    ],
)
def test_an_event_that_cannot_be_is_refused_before_anything_is_sent(
    headrace: Headrace, broker: Any, words: tuple[str, ...], what: str
) -> None:
    to = () if "--to" in words else ("--to", broker.url + PATH)

    ran = headrace("send", *to, *words)

    assert ran.exit_code == 1
    assert what in ran.err
    assert not broker.asked


def test_where_nobody_listens_it_says_how_to_start_one(headrace: Headrace, peer: Any) -> None:
    ran = headrace("send", "--to", "http://127.0.0.1:1/a/b", "--type", "a")

    assert ran.exit_code == 1
    assert "start one with: headrace up" in ran.err
