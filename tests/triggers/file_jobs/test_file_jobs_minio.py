"""Objects of a real S3 server become jobs: read, predicted and written there."""

import json

import orjson

from broker.codec import make_event
from sinks.file_batch.place import Place
from sinks.file_batch.spec import S3Access, S3Keys
from sinks.file_batch.store import Access, open_store
from tests.servers.minio import MinioServer
from tests.triggers.file_jobs.works import Works
from triggers.file_jobs.job import State

BUCKET = "file-jobs"


async def test_every_object_of_a_notification_is_predicted_beside_itself(
    works: Works, minio: MinioServer
) -> None:
    minio.make_bucket(BUCKET)
    keys = S3Keys(minio.access_key, minio.secret_key)
    works.with_(root="", s3=S3Access(minio.url, keys=keys))
    for number in (1, 2):
        minio.put(BUCKET, f"in/{number}.csv", b"x\n" + b"%d\n" % number * 1_500)
    await works.start()

    records = [
        {
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": BUCKET}, "object": {"key": f"in%2F{number}.csv"}},
        }
        for number in (1, 2)
    ]
    attributes = {"specversion": "1.0", "id": "n", "source": "/s3", "type": "notified"}
    await works.publish(make_event(attributes, orjson.dumps({"Records": records})))
    await works.until(lambda: [job.state for job in works.jobs] == [State.COMPLETED] * 2)
    await works.settled()

    store = open_store(Place("s3", BUCKET, "in"), Access(s3=works.spec.s3))
    made = b"".join(store.read("in/2.csv.predictions.csv")).decode().splitlines()
    manifest = json.loads(b"".join(store.read("in/2.csv.predictions.manifest.json")))
    assert len(made) == 1 + 1_500
    assert made[1] == '2,"{""y"":4}"'
    assert manifest["input"]["place"] == f"s3://{BUCKET}/in/2.csv"
    assert not [key for key in minio.keys(BUCKET) if ".parts" in key]
