"""Keys of records: any key of an object comes back, and they sort as a listing does."""

from hypothesis import example, given
from hypothesis import strategies as st

from sources.s3.record_keys import RecordKeys

KEYS = RecordKeys("photos")
object_keys = st.binary(min_size=1, max_size=20).map(
    lambda key: key.decode("utf-8", "surrogateescape")
)


@given(object_keys, st.sampled_from(["null", "v1"]))
@example("\x00\x01\x02\x02\x04ü\udcff", "null")
def test_a_key_and_its_version_come_back(key: str, version: str) -> None:
    assert KEYS.read(KEYS.of(key, version)) == (key, version)


@given(object_keys, object_keys)
@example("a", "a\x00")
@example("a-b", "a/b")
@example("\uffff", "\U00010000")
def test_records_sort_as_the_bytes_of_their_keys(one: str, other: str) -> None:
    first, second = sorted((one, other), key=lambda key: key.encode("utf-8", "surrogateescape"))

    versions = [KEYS.of(first, "null"), KEYS.of(first, "v1")]

    if first != second:
        assert versions < [KEYS.after(first)] < [KEYS.of(second, "a")]
        assert max(versions) < KEYS.after(first)


def test_buckets_do_not_share_records() -> None:
    assert RecordKeys("photos").prefix not in RecordKeys("photos-2").of("key", "null")
    assert RecordKeys("a").listing != RecordKeys("b").listing
