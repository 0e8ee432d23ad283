"""Which files an event names."""

import orjson
import pytest

from broker.codec import make_event
from broker.errors import Invalid
from broker.event import Event
from sinks.file_batch.place import Place
from triggers.file_jobs.objects import Named, named_by

CREATED = "com.amazonaws.s3.ObjectCreated:Put"


def event(type: str, data: object = None, **attributes: str) -> Event:
    facts = {"specversion": "1.0", "id": "1", "source": "/s", "type": type}
    return make_event(facts | attributes, None if data is None else orjson.dumps(data))


def record(key: str, name: str = "ObjectCreated:Put") -> dict[str, object]:
    return {"eventName": name, "s3": {"bucket": {"name": "b"}, "object": {"key": key}}}


def places_of(event: Event) -> tuple[Place, ...]:
    return tuple(named.place for named in named_by(event) if not named.is_gone)


def test_an_event_of_an_s3_source_names_its_object() -> None:
    told = event(CREATED, s3bucket="b", s3key="in/a.csv")

    assert places_of(told) == (Place("s3", "b", "in/a.csv"),)


def test_a_key_that_no_attribute_could_hold_is_decoded() -> None:
    told = event(CREATED, s3bucket="b", s3key="in/a%0Ab.csv", s3keyencoding="url")

    assert places_of(told) == (Place("s3", "b", "in/a\nb.csv"),)


def test_an_event_of_a_folder_source_names_the_path_below_the_folder() -> None:
    told = event("dev.headrace.folder.created", subject="in/100%25.csv")

    assert places_of(told) == (Place("folder", "", "in/100%.csv"),)


def test_a_notification_names_the_objects_of_all_its_records() -> None:
    records = [record("a+b.csv"), record("c%2F1.csv")]

    places = places_of(event("s3", {"Records": records}))

    assert places == (Place("s3", "b", "a b.csv"), Place("s3", "b", "c/1.csv"))


@pytest.mark.parametrize("data", ["https://h/in.csv", {"url": "https://h/in.csv"}])
def test_data_that_is_a_place_names_that(data: object) -> None:
    assert places_of(event("t", data)) == (Place("http", "https://h", "/in.csv"),)


@pytest.mark.parametrize(
    "told",
    [
        event("dev.headrace.folder.removed", subject="a.csv"),
        event("com.amazonaws.s3.ObjectRemoved:Delete", s3bucket="b", s3key="a.csv"),
        event("com.amazonaws.s3.LifecycleExpiration:Delete", s3bucket="b", s3key="a.csv"),
        event("com.amazonaws.s3.ObjectRemoved:Delete", s3bucket="b", s3key="no//such"),
        event("s3", {"Records": [record("a.csv", "ObjectRemoved:Delete")]}),
        event("dev.headrace.file.completed", {"url": "https://h/in.csv"}),
    ],
)
def test_what_is_gone_and_what_jobs_tell_name_nothing(told: Event) -> None:
    assert places_of(told) == ()


def test_what_is_told_of_an_object_has_its_place_among_its_changes() -> None:
    told = record("a.csv", "s3:ObjectRemoved:Delete")
    told["s3"]["object"]["sequencer"] = "0055AED6DCD90281E5"  # type: ignore[index]

    (alone,) = named_by(event(CREATED, told, s3bucket="b", s3key="a.csv"))
    (one_of_some,) = named_by(event("s3", {"Records": [told]}))
    (listed,) = named_by(event(CREATED, record("a.csv"), s3bucket="b", s3key="a.csv"))

    assert alone == Named(Place("s3", "b", "a.csv"), "0055AED6DCD90281E5")
    assert one_of_some == alone._replace(is_gone=True)
    assert listed.sequencer == ""


@pytest.mark.parametrize(
    ("name", "is_ordered"),
    [
        ("ObjectRemoved:Delete", False),  # of a version: others of the object may be there
        ("ObjectRemoved:DeleteMarkerCreated", True),
        ("ObjectCreated:Put", True),
    ],
)
def test_the_end_of_one_version_is_not_that_of_the_object(name: str, is_ordered: bool) -> None:
    told = record("a.csv", name)
    told["s3"]["object"] |= {"sequencer": "1A", "versionId": "v1"}  # type: ignore[index]

    (named,) = named_by(event("s3", {"Records": [told]}))

    assert named.sequencer == ("1A" if is_ordered else "")


@pytest.mark.parametrize("sequencer", [7, "0" * 257, None, ["1"]])
def test_what_cannot_be_a_sequencer_is_none(sequencer: object) -> None:
    told = {"s3": {"object": {"sequencer": sequencer}}}

    (named,) = named_by(event(CREATED, told, s3bucket="b", s3key="a.csv"))

    assert named.sequencer == ""


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (event("t"), "no-object"),
        (event("t", {"a": 1}), "no-object"),
        (event("s3", {"Records": [{}]}), "no-object"),
        (event("s3", {"Records": [record("a")] * 1_001}), "no-object"),
        (event("dev.headrace.folder.created", subject="../a.csv"), "invalid-place"),
        (event("dev.headrace.folder.created", subject="a%FF.csv"), "invalid-place"),
        (event("t", "ftp://h/a.csv"), "invalid-place"),
    ],
)
def test_an_event_that_names_no_file_is_refused(told: Event, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        named_by(told)

    assert refused.value.code == code
    assert refused.value.remedy
