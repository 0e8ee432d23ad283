"""What servers write, read: notifications as MinIO and Amazon send them, and pages of listings."""

import random
from datetime import UTC, datetime

import orjson
import pytest

from broker.errors import Invalid, Unavailable
from sources.s3.listing import first_query, read_page
from sources.s3.notifications import read_notification
from sources.s3.sighting import Kind
from sources.s3.xml import parse
from tests.sources.s3.notified import ETAG, envelope, record


def test_a_notification_of_minio_is_read_and_its_record_kept_as_it_is() -> None:
    told = record()

    (seen,) = read_notification(envelope(told), is_escaped=True)

    assert (seen.kind, seen.name, seen.bucket) == (Kind.CREATED, "ObjectCreated:Put", "photos")
    assert (seen.key, seen.version, seen.etag) == ("dir/a file+ü.txt", "null", ETAG)
    assert (seen.size, seen.sequencer, seen.source) == (5, "18EA3E3E", "minio:s3..photos")
    assert seen.at == datetime(2026, 11, 22, 2, 50, 40, 133_000, UTC)
    assert seen.data == orjson.dumps(told)


def test_a_key_of_the_stream_is_as_it_is_and_its_record_is_written_the_usual_way() -> None:
    told = record(object={"key": "dir/a file+%41ü.txt"})

    (seen,) = read_notification(envelope(told), is_escaped=False)

    assert seen.key == "dir/a file+%41ü.txt"
    (again,) = read_notification(b'{"Records":[%b]}' % seen.data, is_escaped=True)
    assert again.key == seen.key


def test_a_notification_of_amazon_is_read() -> None:
    told = record(eventName="ObjectRemoved:Delete", eventSource="aws:s3", awsRegion="eu-west-1")
    told["s3"]["object"] = {"key": "a+b", "versionId": "v1", "sequencer": "0055AED6"}

    (seen,) = read_notification(orjson.dumps({"Records": [told]}), is_escaped=True)

    assert (seen.kind, seen.version, seen.key) == (Kind.REMOVED, "v1", "a b")
    assert seen.source == "aws:s3.eu-west-1.photos"
    assert seen.size is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"Records":null}',
        b'{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-22T02:50:40.133Z"}',
        envelope(record(eventName="s3:ObjectRemoved:NoOP")),
        envelope(record(eventName="s3:ObjectAccessed:Get")),
    ],
)
def test_what_tells_of_no_change_is_read_as_nothing(body: bytes) -> None:
    assert read_notification(body, is_escaped=True) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"Records":{}}',
        b'{"Records":[null]}',
        b'{"Records":[{"eventName":"s3:ObjectCreated:Put","s3":3}]}',
        b'{"Records":[{"eventName":7}]}',
        envelope(record(eventTime="yesterday")),
        envelope(record(object={"key": ""})),
        envelope(record(object={"eTag": 7})),
        envelope(record(object={"sequencer": 7})),
        envelope(record(object={"versionId": ["v"]})),
        envelope(*[record()] * 1001),
        envelope(record()).replace(b"photos", b"\xff"),
    ],
)
def test_a_body_that_is_no_notification_is_refused_with_a_remedy(body: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        read_notification(body, is_escaped=True)

    assert caught.value.code == "invalid-notification"
    assert caught.value.remedy


def test_whatever_is_sent_is_read_or_refused() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    whole = envelope(record(), record(object={"key": "ü"}))

    for _ in range(2_000):
        body = bytearray(whole)
        for _ in range(dice.randrange(1, 5)):
            body[dice.randrange(len(body))] = dice.randrange(256)
        try:
            found = read_notification(bytes(body), is_escaped=bool(dice.getrandbits(1)))
        except Invalid:
            continue
        assert len(found) <= 2


VERSIONS = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>vers</Name><Prefix></Prefix>
<NextKeyMarker>a-b%5Bcache%5D</NextKeyMarker><NextVersionIdMarker>v3</NextVersionIdMarker>
<MaxKeys>3</MaxKeys><IsTruncated>true</IsTruncated><Version><Key>a+b%2Bc%25%C3%BC%0A.txt</Key>
<LastModified>2026-11-22T10:40:38.041Z</LastModified><ETag>&#34;5d41&#34;</ETag><Size>5</Size>
<Owner><ID>02d6</ID></Owner><IsLatest>true</IsLatest><VersionId>v1</VersionId></Version>
<DeleteMarker><Key>a-b</Key><LastModified>2026-11-22T10:40:38.057Z</LastModified><ETag></ETag>
<Size>0</Size><VersionId>v2</VersionId></DeleteMarker><Version><Key>a-b</Key>
<LastModified>2026-11-22T10:40:38Z</LastModified><ETag>&#34;795f&#34;</ETag><Size>6</Size>
<VersionId>v3</VersionId></Version><EncodingType>url</EncodingType></ListVersionsResult>"""


def test_a_page_of_versions_is_read_in_its_order_with_where_it_goes_on() -> None:
    page = read_page(VERSIONS, first_query("", "", is_versioned=True))

    first, marker, old = page.versions
    assert (first.key, first.version, first.etag, first.size) == ("a b+c%ü\n.txt", "v1", "5d41", 5)
    assert (marker.key, marker.version, marker.is_marker) == ("a-b", "v2", True)
    assert old.modified_at == datetime(2026, 11, 22, 10, 40, 38, 0, UTC)
    assert page.next_query is not None
    assert page.next_query["key-marker"] == "a-b[cache]"
    assert page.next_query["version-id-marker"] == "v3"


def test_a_last_page_without_encoding_or_namespace_is_read() -> None:
    body = b"""<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a+b</Key>
    <LastModified>2026-11-22T10:40:38.041Z</LastModified></Contents></ListBucketResult>"""

    page = read_page(body, first_query("", "", is_versioned=False))

    assert [(one.key, one.version) for one in page.versions] == [("a+b", "null")]
    assert page.next_query is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe<",
        b"<html></html>",
        b"<ListBucketResult>",
        b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><ListBucketResult>&a;</ListBucketResult>",
        b"<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
    ],
)
def test_an_answer_that_is_no_listing_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(Unavailable) as caught:
        read_page(body, first_query("", "", is_versioned=False))

    assert caught.value.code == "not-s3"
    assert caught.value.remedy


def test_entities_of_ones_own_are_refused_before_they_grow() -> None:
    bomb = '<!ENTITY a "aaaaaaaaaa">' + "".join(f'<!ENTITY b{n} "{"&a;" * 10}">' for n in range(10))

    with pytest.raises(Unavailable):
        parse(f"<!DOCTYPE x [{bomb}]><x>&b9;</x>".encode())
