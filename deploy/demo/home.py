"""Where the demo's files are: a folder of this machine, or a bucket of an S3 server."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sinks.file_batch.place import Place
from sinks.file_batch.spec import S3Access
from sinks.file_batch.store import Access, Store, open_store

HERE = Path(__file__).parent
FLOWERS = "flowers"


class Bucket(NamedTuple):
    """One of a server; `access` has keys."""

    name: str
    access: S3Access


@dataclass(frozen=True, slots=True)
class Home:
    """`front` stands before the name of each file in `store`, `shown` is both as people read them.

    `environment` is what `configuration` refers to, `copying` puts another file there.
    """

    store: Store
    front: str
    shown: str
    copying: str
    configuration: Path
    environment: Mapping[str, str]


def in_folder(folder: Path) -> Home:
    """A folder of a run's own; make it before the run begins."""
    return Home(
        open_store(Place("folder", "", FLOWERS), Access(root=str(folder))),
        "",
        str(folder),
        f"cp {folder}/iris.csv {folder}/more.csv",
        HERE / "folder.yaml",
        {"DEMO_FOLDER": str(folder)},
    )


def in_bucket(bucket: Bucket, run: str) -> Home:
    """Below a prefix of the run's own; `deploy.demo.bucket.prepare` sees to the bucket."""
    access, keys = bucket.access, bucket.access.keys
    assert keys is not None
    front = f"{run}/"
    shown = f"s3://{bucket.name}/{front}"
    return Home(
        open_store(Place("s3", bucket.name, FLOWERS), Access(s3=access)),
        front,
        shown,
        f"aws s3 cp {shown}iris.csv {shown}more.csv --endpoint-url {access.endpoint}",
        HERE / "bucket.yaml",
        {
            "DEMO_ENDPOINT": access.endpoint,
            "DEMO_REGION": access.region,
            "DEMO_BUCKET": bucket.name,
            "DEMO_PREFIX": front,
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        },
    )
