"""Events of sightings: the same whichever intake saw it, and fit for attributes."""

from datetime import UTC, datetime

import orjson
import pytest

from sources.refused import RefusedEvent
from sources.s3.events import Origin, event_of
from sources.s3.listing import Listed
from sources.s3.notifications import read_notification
from sources.s3.options import S3Options
from sources.s3.sighting import Kind, Sighting
from tests.sources.s3.peer import spec_of

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SPEC = spec_of(S3Options("photos", "http://127.0.0.1:9000"))
ORIGIN = Origin("minio:s3", "", "photos")


def listed(key: str = "cats/tom.png", version: str = "null", etag: str = "x") -> Listed:
    return Listed(key, version, etag, 5, NOW, False)


def test_an_event_has_the_attributes_of_the_adapter_and_its_own() -> None:
    event = event_of(SPEC, ORIGIN.shown(listed(version="v1")), NOW)

    assert (
        event.attributes.items()
        >= {
            "type": "com.amazonaws.s3.ObjectCreated:Listed",
            "source": "minio:s3..photos",
            "subject": "cats/tom.png",
            "time": "2026-05-04T12:00:00Z",
            "datacontenttype": "application/json",
            "s3bucket": "photos",
            "s3key": "cats/tom.png",
            "s3etag": "x",
            "s3size": "5",
            "s3versionid": "v1",
        }.items()
    )


def test_what_a_listing_found_has_a_record_as_a_notification_has_and_is_marked() -> None:
    event = event_of(SPEC, ORIGIN.shown(listed("a b/ü.txt", "v1")), NOW)

    told = orjson.loads(event.data or b"")
    (seen,) = read_notification(orjson.dumps({"Records": [told]}), is_escaped=True)
    assert told["headrace"] == {"intake": "listing"}
    assert (seen.key, seen.version, seen.etag, seen.size) == ("a b/ü.txt", "v1", "x", 5)


def test_a_version_has_one_id_whichever_intake_saw_it() -> None:
    shown = ORIGIN.shown(listed(version="v1"))
    notified = Sighting(
        Kind.CREATED, "ObjectCreated:Put", "photos", "cats/tom.png", "v1", "x", 5, NOW, "18EA",
        "minio:s3..photos", b"{}",
    )  # fmt: skip

    assert event_of(SPEC, shown, NOW).id == event_of(SPEC, notified, NOW).id


def test_ids_differ_by_key_version_etag_time_and_kind() -> None:
    shown = [
        ORIGIN.shown(listed()),
        ORIGIN.shown(listed("cats/tim.png")),
        ORIGIN.shown(listed(version="v1")),
        ORIGIN.shown(listed(etag="y")),
        ORIGIN.shown(listed()._replace(modified_at=NOW.replace(year=2027))),
        ORIGIN.shown(listed()._replace(is_marker=True)),
        ORIGIN.gone("cats/tom.png", "null", "x", NOW),
        ORIGIN.gone("cats/tom.png", "v1", "x", NOW),
    ]

    ids = {event_of(SPEC, seen, NOW).id for seen in shown}

    assert len(ids) == len(shown)


@pytest.mark.parametrize("key", ["a b", "a+b%41", "ünï/コ.txt", '"', "e\u0301", "😀"])
def test_a_key_is_the_subject_as_it_is(key: str) -> None:
    event = event_of(SPEC, ORIGIN.shown(listed(key)), NOW)

    assert event.attributes["subject"] == event.attributes["s3key"] == key
    assert "s3keyencoding" not in event.attributes


@pytest.mark.parametrize(
    ("key", "encoded"),
    [("a\nb %41", "a%0Ab%20%2541"), ("\x00", "%00"), ("a\udcff", "a%FF"), ("/\x7fü", "/%7F%C3%BC")],
)
def test_a_key_that_no_attribute_can_hold_is_percent_encoded_and_says_so(
    key: str, encoded: str
) -> None:
    event = event_of(SPEC, ORIGIN.shown(listed(key)), NOW)

    assert event.attributes["subject"] == event.attributes["s3key"] == encoded
    assert event.attributes["s3keyencoding"] == "url"


def test_a_sighting_of_which_no_event_can_be_made_is_told_about() -> None:
    seen = ORIGIN.shown(listed())
    seen.source = "no source"

    event = event_of(SPEC, seen, NOW)

    assert isinstance(event, RefusedEvent)
    assert orjson.loads(event.data or b"")["code"] == "bad-source"
