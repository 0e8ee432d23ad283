"""A real MinIO server: an S3 store that tells a webhook what happens in it."""

import os
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from minio import Minio
from minio.commonconfig import ENABLED
from minio.credentials.providers import StaticProvider
from minio.error import MinioException, S3Error
from minio.minioadmin import MinioAdmin
from minio.notificationconfig import (
    NotificationConfig,
    PrefixFilterRule,
    QueueConfig,
    SuffixFilterRule,
)
from minio.versioningconfig import VersioningConfig
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from tests.servers.cache import Missing, cache_folder
from tests.servers.containers import ContainerRunner, why_no_engine
from tests.servers.ports import LOOPBACK, free_ports
from tests.servers.runners import GivenRunner, NativeRunner, Runner
from tests.servers.server import Server
from tests.servers.waiting import until

VARIABLE = "HEADRACE_TEST_S3"  # a URL; VARIABLE_KEY and VARIABLE_SECRET are an administrator's
VERSION = "2025-09-07"
IMAGE = "minio/minio:RELEASE.2025-09-07T16-13-09Z"
ACCESS_KEY, SECRET_KEY = "minioadmin", "minioadmin-secret"
ARN = "arn:minio:sqs::T1:webhook"
CHANGES = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
QUIET = {"MINIO_BROWSER": "off", "MINIO_UPDATE": "off", "MINIO_CALLHOME_ENABLE": "off"}
REGION = "us-east-1"
PROBE_SECONDS_MAX = 2.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where the server reports; with `queue` it keeps reports until they are taken.

    A queue is looked at every three seconds, so each report comes up to that late. Without
    one a report comes within milliseconds, and is lost if nobody takes it then.
    """

    url: str
    token: str = ""  # two words are sent as they are, one word behind "Bearer "
    queue: Path | None = None

    def environment(self) -> dict[str, str]:
        rows = {"ENABLE": "on", "ENDPOINT": self.url, "AUTH_TOKEN": self.token}
        if self.queue is not None:
            rows |= {"QUEUE_DIR": str(self.queue), "QUEUE_LIMIT": "10000"}
        return {f"MINIO_NOTIFY_WEBHOOK_{name}_T1": value for name, value in rows.items() if value}


class MinioServer(Server):
    """One server and what tests ask of it; the calls block for some milliseconds."""

    name: ClassVar[str] = "minio"

    def __init__(
        self,
        runner: Runner,
        url: str,
        access_key: str,
        secret_key: str,
        connections: PoolManager | None = None,
    ) -> None:
        super().__init__(runner)
        self.url, self.access_key, self.secret_key = url, access_key, secret_key
        self._connections = connections or PoolManager(retries=False, timeout=30.0)
        where = urlsplit(url)
        options: dict[str, Any] = {
            "endpoint": where.netloc,
            "secure": where.scheme == "https",
            "region": REGION,  # else each client asks first, which a user may not be allowed to
            "http_client": self._connections,
        }
        # The whole S3 interface, and the whole of the server's own, beside the methods below.
        self.client = Minio(access_key=access_key, secret_key=secret_key, **options)
        self.admin = MinioAdmin(credentials=StaticProvider(access_key, secret_key), **options)

    def as_user(self, access_key: str, secret_key: str) -> "MinioServer":
        """The same server in the hands of one of its users."""
        return MinioServer(self.runner, self.url, access_key, secret_key, self._connections)

    def command(self) -> Sequence[str]:
        raise NotImplementedError(f"the server at {self.url} runs elsewhere")

    def is_ready(self) -> bool:
        probe = f"{self.url}/minio/health/ready"
        try:
            urllib.request.urlopen(probe, timeout=PROBE_SECONDS_MAX).close()
            self.client.list_buckets()  # it calls itself ready shortly before its store is
        except (OSError, HTTPError, MinioException):
            return False
        return True

    def close(self) -> None:
        self._connections.clear()
        super().close()

    def make_bucket(self, bucket: str, versioned: bool = False) -> None:
        """`bucket` has three characters at least."""
        self.client.make_bucket(bucket)
        if versioned:
            self.client.set_bucket_versioning(bucket, VersioningConfig(ENABLED))

    def put(
        self, bucket: str, key: str, body: bytes, content_type: str = "application/octet-stream"
    ) -> str | None:
        """Give the new object's version, None in a bucket without."""
        data = BytesIO(body)
        return self.client.put_object(bucket, key, data, len(body), content_type).version_id

    def remove(self, bucket: str, key: str, version: str | None = None) -> None:
        self.client.remove_object(bucket, key, version)

    def keys(self, bucket: str, prefix: str | None = None) -> list[str]:
        found = self.client.list_objects(bucket, prefix, recursive=True)
        return [item.object_name or "" for item in found]

    def notify(
        self, bucket: str, events: Sequence[str] = CHANGES, prefix: str = "", suffix: str = ""
    ) -> None:
        """Let the server's webhook hear of `events` in `bucket`."""
        rule = QueueConfig(
            events=list(events),
            queue=ARN,
            prefix_filter_rule=PrefixFilterRule(prefix) if prefix else None,
            suffix_filter_rule=SuffixFilterRule(suffix) if suffix else None,
        )
        wanted = NotificationConfig(queue_config_list=[rule])
        until(lambda: self._takes(bucket, wanted))

    def _takes(self, bucket: str, wanted: NotificationConfig) -> bool:
        """A server that has just begun to serve may not know its webhook yet."""
        try:
            self.client.set_bucket_notification(bucket, wanted)
        except S3Error as error:
            if error.code != "InvalidArgument":
                raise
            return False
        return True

    def add_user(self, access_key: str, secret_key: str, *statements: Mapping[str, Any]) -> None:
        """A user who may do what the IAM `statements` say, and nothing without any."""
        self.admin.user_add(access_key, secret_key)
        if statements:
            policy = {"Version": "2012-10-17", "Statement": list(statements)}
            self.admin.policy_add(f"{access_key}-may", policy=policy)
            self.admin.policy_set(f"{access_key}-may", user=access_key)


class OwnMinio(MinioServer):
    """A server that these tests start; `program` is the minio executable."""

    def __init__(
        self, folder: Path, runner: Runner, program: str, webhook: Webhook | None = None
    ) -> None:
        (port,) = free_ports(1)
        super().__init__(runner, f"http://{LOOPBACK}:{port}", ACCESS_KEY, SECRET_KEY)
        self._address = f"{LOOPBACK}:{port}"
        self._data = folder / "data"
        self._data.mkdir(parents=True, exist_ok=True)
        self._program = program
        self.webhook = webhook
        if webhook is not None and webhook.queue is not None:
            webhook.queue.mkdir(parents=True, exist_ok=True)

    def command(self) -> Sequence[str]:
        return [self._program, "server", "--quiet", "--address", self._address, str(self._data)]

    def environment(self) -> Mapping[str, str]:
        keys = {"MINIO_ROOT_USER": self.access_key, "MINIO_ROOT_PASSWORD": self.secret_key}
        return QUIET | keys | (self.webhook.environment() if self.webhook else {})


def find_minio(
    folder: Path, webhook: Webhook | None = None, environ: Mapping[str, str] = os.environ
) -> MinioServer:
    """The server that `environ` names, one in a container, or a native one; not started.

    A queue of the webhook lies in `folder`. Raises Missing.
    """
    if url := environ.get(VARIABLE):
        keys = environ.get(f"{VARIABLE}_KEY", ""), environ.get(f"{VARIABLE}_SECRET", "")
        return MinioServer(GivenRunner(VARIABLE), url, *keys)
    if why_no_engine() is None:
        return OwnMinio(folder, ContainerRunner(IMAGE, folder), "minio", webhook)
    program = cache_folder(environ) / "bin" / f"minio-{VERSION}"
    if not program.exists():
        raise Missing("minio", f"no program {program}")
    return OwnMinio(folder, NativeRunner(folder / "minio.log"), str(program), webhook)
