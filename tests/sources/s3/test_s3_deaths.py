"""Deaths of either side at any moment: each content of each key is told once."""

import asyncio
import random
from collections import Counter
from hashlib import md5

import pytest
from minio.error import MinioException
from urllib3.exceptions import HTTPError

from broker.errors import HeadraceError
from tests.servers.minio import MinioServer
from tests.sources.inside import Inside
from tests.sources.s3.peer import options_of
from tests.sources.s3.watching import fill, ledger, list_once, listing_of, watch

OBJECTS = 2_200
ROUNDS = 4


def etag_of(body: bytes) -> str:
    return md5(body).hexdigest()


async def test_a_listing_cut_off_anywhere_goes_on_and_tells_nothing_twice(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    keys = [f"{number:05}" for number in range(OBJECTS)]
    await asyncio.to_thread(fill, minio, bucket, keys)
    seen = 0
    while seen < OBJECTS - 500:
        await watch(inside, listing_of(minio, bucket))
        seen = len(await inside.until_stored(seen + 1))
        await inside.crash()

    minio.put(bucket, "00000", b"changed before the place where it goes on")
    minio.remove(bucket, "00001")
    await list_once(inside, listing_of(minio, bucket))

    found = await ledger(inside)
    assert set(found.values()) == {1}
    assert found.total() == OBJECTS + 1
    assert len(await inside.stored()) == OBJECTS + 2


async def test_a_listing_that_fails_halfway_takes_nothing_for_gone(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    keys = [f"{number:05}" for number in range(1_500)]
    await asyncio.to_thread(fill, minio, bucket, keys)
    await list_once(inside, listing_of(minio, bucket))

    await watch(inside, listing_of(minio, bucket))  # has its first page
    await asyncio.to_thread(minio.kill)
    await inside.stop()
    await asyncio.to_thread(minio.mend)
    await list_once(inside, listing_of(minio, bucket))

    assert len(await inside.stored()) == 1_500


async def test_what_is_put_is_told_once_whoever_dies(
    inside: Inside, minio: MinioServer, bucket: str
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    expected: Counter[tuple[str, str]] = Counter()
    await watch(inside, options_of(minio, bucket))

    for turn in range(ROUNDS):
        putting = asyncio.create_task(put_until_lost(minio, bucket, turn))
        await asyncio.sleep(dice.random() * 0.3)
        await asyncio.to_thread(minio.kill) if turn % 2 else await inside.crash()
        await asyncio.sleep(dice.random() * 0.2)
        await asyncio.to_thread(minio.mend)
        await watch_again(inside, minio, bucket)
        expected += await putting

    await inside.stop()
    await list_once(inside, options_of(minio, bucket))
    there = Counter((one.etag, one.object_name) for one in minio.client.list_objects(bucket))
    found = await ledger(inside)
    assert set(found.values()) == {1}
    assert expected.keys() <= found.keys()
    assert there.keys() <= found.keys()


async def put_until_lost(server: MinioServer, bucket: str, turn: int) -> Counter[tuple[str, str]]:
    """Objects under keys of their own, as long as the server takes them; those it took."""
    taken: Counter[tuple[str, str]] = Counter()
    for number in range(100):
        key = f"{turn}-{number:03}"
        try:
            await asyncio.to_thread(server.put, bucket, key, key.encode())
        except (MinioException, HTTPError, OSError):
            return taken
        taken[etag_of(key.encode()), key] += 1
    return taken


async def watch_again(inside: Inside, minio: MinioServer, bucket: str) -> None:
    """As a supervisor does: until the server answers."""
    async with asyncio.timeout(60):
        while True:
            try:
                await inside.stop()
                await watch(inside, options_of(minio, bucket))
            except (HeadraceError, OSError):
                await asyncio.sleep(0.1)
            else:
                return


@pytest.mark.parametrize("is_listening", [True, False])
async def test_rights_that_are_taken_away_are_named(
    inside: Inside, minio: MinioServer, bucket: str, is_listening: bool
) -> None:
    may_look = {
        "Effect": "Allow",
        "Action": ["s3:GetBucketVersioning", "s3:GetBucketLocation"],
        "Resource": ["arn:aws:s3:::*"],
    }
    user = f"{bucket[-8:]}-{is_listening}"
    minio.add_user(user, "a-secret-of-its-own", may_look)
    other = minio.as_user(user, "a-secret-of-its-own")
    options = options_of(other, bucket) if is_listening else listing_of(other, bucket)

    with pytest.raises(HeadraceError) as caught:
        await watch(inside, options)

    right = "s3:ListenBucketNotification" if is_listening else "s3:ListBucket"
    assert caught.value.code == "access-denied"
    assert f"allow {right} on arn:aws:s3:::{bucket}" in (caught.value.remedy or "")
