"""Which keys and kinds are told."""

from dataclasses import replace

import pytest

from sources.s3.options import S3Options
from sources.s3.sighting import Kind, kind_of
from sources.s3.wanted import Wanted

ALL = S3Options("photos", "http://127.0.0.1:9000")


@pytest.mark.parametrize(
    ("key", "is_wanted"),
    [
        ("in/2026/a.csv", True),
        ("in/a.csv", True),
        ("in/a.csv.gz", False),
        ("out/a.csv", False),
        ("in/2026/b.csv", False),
    ],
)
def test_prefix_suffix_and_glob_must_all_fit(key: str, is_wanted: bool) -> None:
    wanted = Wanted(replace(ALL, prefix="in/", suffix=".csv", glob="**/a*"))

    assert wanted.is_key(key) is is_wanted


def test_by_default_every_key_is_wanted_and_only_what_comes() -> None:
    wanted = Wanted(ALL)

    assert wanted.is_key("any\nkey")
    assert [wanted.is_kind(kind) for kind in Kind] == [True, False, False]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ObjectCreated:CompleteMultipartUpload", Kind.CREATED),
        ("ObjectRemoved:Delete", Kind.REMOVED),
        ("ObjectRemoved:DeleteMarkerCreated", Kind.MARKED),
        ("LifecycleExpiration:Delete", Kind.REMOVED),
        ("LifecycleExpiration:DeleteMarkerCreated", Kind.MARKED),
        ("ObjectRemoved:NoOP", None),
        ("ObjectTagging:Put", None),
    ],
)
def test_event_names_say_what_happened(name: str, kind: Kind | None) -> None:
    assert kind_of(name) is kind
