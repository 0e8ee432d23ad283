"""What only a bucket has: uploads in parts, keys, and an environment that is not asked."""

import pytest

from broker.errors import Denied, Invalid
from sinks.file_batch.s3_store import S3Store
from sinks.file_batch.spec import S3Access, S3Keys
from sinks.file_batch.store import Access
from tests.servers.minio import MinioServer


def store_of(minio: MinioServer, bucket: str, keys: S3Keys | None) -> S3Store:
    return S3Store(bucket, Access(s3=S3Access(minio.url, keys=keys)))


def test_an_upload_that_fails_leaves_no_parts(minio: MinioServer) -> None:
    minio.make_bucket("aborted")
    store = store_of(minio, "aborted", S3Keys(minio.access_key, minio.secret_key))

    with pytest.raises(ZeroDivisionError):
        store.put_atomic("a", (b"x" * (9_000_000 // (3 - at)) for at in range(4)))

    uploads = minio.client._list_multipart_uploads("aborted")
    assert uploads.uploads == []
    assert minio.keys("aborted") == []


def test_the_keys_are_those_of_the_configuration_alone(
    minio: MinioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    minio.make_bucket("environment")
    keys = {"AWS_ACCESS_KEY_ID": minio.access_key, "AWS_SECRET_ACCESS_KEY": minio.secret_key}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(Denied):
        store_of(minio, "environment", None).head("a")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "another account's")
    given = store_of(minio, "environment", S3Keys(minio.access_key, minio.secret_key))

    assert given.head("a") is None


def test_wrong_keys_are_told_with_what_to_allow(minio: MinioServer) -> None:
    minio.make_bucket("closed-files")
    store = store_of(minio, "closed-files", S3Keys("nobody", "nothing-secret"))

    with pytest.raises(Denied, match="s3:PutObject"):
        store.put_atomic("a", [b"x"])


def test_without_a_server_there_is_no_bucket() -> None:
    with pytest.raises(Invalid, match="with its endpoint"):
        S3Store("b", Access())
