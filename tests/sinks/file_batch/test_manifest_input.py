"""Lists of files, from SageMaker's form and from lines, that name nothing elsewhere."""

import pytest

from broker.errors import Invalid
from sinks.file_batch.manifest_input import read_manifest
from sinks.file_batch.place import parse_place

OWN = parse_place("s3://b/lists/all.manifest")


@pytest.mark.parametrize(
    "manifest",
    [
        b'[{"prefix": "s3://b/in/"}, "a.csv", "b.csv", "a.csv"]',
        b'["in/a.csv", "s3://b/in/b.csv"]',
        b'"in/a.csv"\n\n{"key": "in/b.csv"}\n',
        b'{"source-ref": "s3://b/in/a.csv"}\n{"path": "in/b.csv"}',
    ],
)
def test_a_manifest_names_files_in_its_order(manifest: bytes) -> None:
    places = read_manifest(manifest, OWN)

    assert [str(place) for place in places] == ["s3://b/in/a.csv", "s3://b/in/b.csv"]


@pytest.mark.parametrize(
    "manifest",
    [
        b'["s3://other/a"]', b'["../a"]', b'["/etc/passwd"]', b'["http://169.254.169.254/a"]',
        b"[1]",
        b'[{"prefix": 1}]', b'["a", {"prefix": "s3://b/"}]', b"[", b'{"a": 1}', b"a.csv",
    ],
)  # fmt: skip
def test_a_manifest_that_leads_elsewhere_is_refused(manifest: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_manifest(manifest, OWN)

    assert refused.value.code == "broken-manifest"
