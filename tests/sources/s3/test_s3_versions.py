"""A bucket with versions: each is told once when it comes, and once when it goes."""

from collections import Counter
from dataclasses import replace

from minio.versioningconfig import VersioningConfig

from tests.servers.minio import MinioServer
from tests.sources.inside import Inside
from tests.sources.s3.peer import options_of
from tests.sources.s3.watching import list_once, told, watch


async def versions_told(inside: Inside) -> Counter[tuple[str, str | None]]:
    return Counter(
        (one.event.type.rpartition(":")[2], one.event.attributes.get("s3versionid"))
        for one in await inside.stored()
    )


async def test_every_version_is_told_with_its_name_even_of_the_same_bytes(
    inside: Inside, minio: MinioServer, versioned: str
) -> None:
    await watch(inside, options_of(minio, versioned))

    versions = [minio.put(versioned, "key", b"same") for _ in range(3)]

    await inside.until_stored(3)
    await list_once(inside, options_of(minio, versioned))
    assert await versions_told(inside) == Counter(("Put", version) for version in versions)


async def test_a_listing_tells_all_versions_oldest_first_and_their_markers(
    inside: Inside, minio: MinioServer, versioned: str
) -> None:
    for body in (b"1", b"2"):
        minio.put(versioned, "key", body)
    minio.remove(versioned, "key")
    minio.put(versioned, "key", b"3")
    minio.put(versioned, "before", b"4")

    await list_once(inside, options_of(minio, versioned))

    assert await told(inside) == [
        ("Listed", "before"),
        ("Listed", "key"),
        ("Listed", "key"),
        ("DeleteMarkerCreated", "key"),
        ("Listed", "key"),
    ]
    times = [one.event.attributes["time"] for one in await inside.stored()]
    assert times[1:] == sorted(times[1:])


async def test_a_version_removed_unseen_is_told_by_the_listing(
    inside: Inside, minio: MinioServer, versioned: str
) -> None:
    kept = minio.put(versioned, "key", b"1")
    gone = minio.put(versioned, "key", b"2")
    await list_once(inside, options_of(minio, versioned))
    minio.remove(versioned, "key", gone)

    await list_once(inside, options_of(minio, versioned))
    await list_once(inside, options_of(minio, versioned))

    assert await versions_told(inside) == {
        ("Listed", kept): 1,
        ("Listed", gone): 1,
        ("Delete", gone): 1,
    }


async def test_a_delete_marker_and_its_own_removal_are_told_once_each(
    inside: Inside, minio: MinioServer, versioned: str
) -> None:
    """MinIO notifies of a repeated removal, and of the marker's own, as of a new marker."""
    await watch(inside, options_of(minio, versioned))
    version = minio.put(versioned, "key", b"1")
    minio.remove(versioned, "key")
    minio.remove(versioned, "key")
    await inside.until_stored(2)
    found = minio.client.list_objects(versioned, include_version=True)
    (marker,) = [one.version_id for one in found if one.is_delete_marker]
    minio.remove(versioned, "key", marker)
    await inside.stop()

    await list_once(inside, options_of(minio, versioned))

    assert await versions_told(inside) == {
        ("Put", version): 1,
        ("DeleteMarkerCreated", marker): 1,
        ("Delete", marker): 1,
    }


async def test_where_versions_are_suspended_an_object_is_told_by_its_content(
    inside: Inside, minio: MinioServer, versioned: str
) -> None:
    minio.client.set_bucket_versioning(versioned, VersioningConfig("Suspended"))
    await watch(inside, options_of(minio, versioned))

    # Each is awaited: the server may tell of a change after it has answered the next one.
    for count, body in enumerate((b"1", b"2"), start=1):
        minio.put(versioned, "key", body)
        await inside.until_stored(count)
    minio.remove(versioned, "key")
    await inside.until_stored(3)
    minio.put(versioned, "key", b"3")
    await inside.until_stored(4)

    await list_once(inside, options_of(minio, versioned))
    assert [what for what, _ in await told(inside)] == [
        "Put",
        "Put",
        "DeleteMarkerCreated",
        "Put",
    ]


async def test_objects_from_before_versions_are_told_once_when_versions_begin(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    minio.put(bucket, "old", b"1")
    await list_once(inside, options_of(minio, bucket))
    minio.client.set_bucket_versioning(bucket, VersioningConfig("Enabled"))
    minio.put(bucket, "old", b"2")

    await list_once(inside, options_of(minio, bucket))
    await list_once(inside, options_of(minio, bucket))

    assert len(await inside.stored()) == 2


async def test_versions_over_several_pages_are_compared_key_by_key(
    inside: Inside, minio: MinioServer, versioned: str
) -> None:
    for number in range(1_100):
        minio.put(versioned, "key", b"%d" % number)
    minio.put(versioned, "later", b"x")

    await list_once(inside, options_of(minio, versioned))
    await list_once(inside, replace(options_of(minio, versioned), tells_removed=True))

    assert Counter(await told(inside)) == {("Listed", "key"): 1_100, ("Listed", "later"): 1}
