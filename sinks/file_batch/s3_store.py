"""Files of one bucket, by obstore. Nothing is taken from the environment."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, PreconditionError
from obstore.exceptions import UnauthenticatedError as Unauthenticated
from obstore.store import S3Store as Bucket

from broker.errors import Denied, Invalid, Unavailable
from sinks.file_batch.place import checked_path
from sinks.file_batch.spec import S3Keys
from sinks.file_batch.store import (
    BLOCK_BYTES,
    LISTED_MAX,
    Access,
    Head,
    Listed,
    Stored,
    changed,
    no_file,
    too_many,
)

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Credential

PART_BYTES = 8 * 1024 * 1024  # of an upload; 10,000 of them are the most that S3 takes: 80 GB
_UPLOADS_AT_ONCE = 2
_CALL_TIMEOUT = timedelta(seconds=60)
_RETRIES, _RETRY_TIMEOUT = 4, timedelta(seconds=30)


class S3Store:
    """Implements `sinks.file_batch.store.Store`. Identities are ETags.

    A file of up to PART_BYTES is one PUT, a larger one a multipart upload, which is completed or
    aborted. Keys with empty parts (`a//b`) cannot be named.
    """

    def __init__(self, container: str, access: Access) -> None:
        s3 = access.s3
        if s3 is None:
            raise Invalid(
                "no S3 server is configured", code="no-s3", remedy="write spec.s3 with its endpoint"
            )
        signing: dict[str, Any] = {"skip_signature": True}
        if s3.keys is not None:
            # By a function, because given one by one, what is not given would be taken from
            # the environment, such as another account's session token.
            signing = {"credential_provider": _provider(s3.keys)}
        self._bucket = Bucket(
            container,
            endpoint=s3.endpoint,
            region=s3.region,
            virtual_hosted_style_request=not s3.is_path_style,
            client_options={
                "allow_http": s3.endpoint.startswith("http:"),
                "timeout": _CALL_TIMEOUT,
            },
            retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRY_TIMEOUT},
            **signing,
        )

    def head(self, path: str) -> Head | None:
        try:
            with _told(path):
                found = obstore.head(self._bucket, checked_path(path))
        except Invalid as error:
            if error.code == "no-file":
                return None
            raise
        return Head(found["size"], found["e_tag"] or "")

    def read(
        self, path: str, start: int = 0, end: int | None = None, identity: str | None = None
    ) -> Iterator[bytes]:
        if identity is None or end is None:
            head = self.head(path)
            if head is None:
                raise no_file(path)
            if identity not in (None, head.identity):
                raise changed(path)
            identity = head.identity
            end = head.size_bytes if end is None else min(end, head.size_bytes)
        if start >= end:
            return
        options: GetOptions = {"if_match": identity, "range": (start, end)}
        with _told(path):
            blocks = iter(obstore.get(self._bucket, path, options=options).stream(BLOCK_BYTES))
        while True:
            with _told(path):
                block = next(blocks, None)
            if block is None:
                return
            whole = bytes(block)
            yield from (whole[at : at + BLOCK_BYTES] for at in range(0, len(whole), BLOCK_BYTES))

    def put_atomic(self, path: str, blocks: Iterable[bytes]) -> Stored:
        hashed = _Hashed(blocks)
        parts = iter(hashed)
        first = next(parts, b"")
        second = next(parts, None)
        key = checked_path(path)
        with _told(path):
            if second is None:
                obstore.put(self._bucket, key, first, use_multipart=False)
            else:
                obstore.put(
                    self._bucket,
                    key,
                    chain((first, second), parts),
                    chunk_size=PART_BYTES,
                    max_concurrency=_UPLOADS_AT_ONCE,
                )
        return Stored(hashed.size_bytes, hashed.hexdigest())

    def delete(self, path: str) -> None:
        with _told(path):
            if not path.endswith("/"):
                obstore.delete(self._bucket, checked_path(path))

    def list(self, prefix: str) -> Iterator[Listed]:
        """obstore lists whole parts of names, so it is asked for the folder and sifted here."""
        above = prefix.rpartition("/")[0]
        found: list[Listed] = []
        with _told(prefix):
            for page in obstore.list(self._bucket, above or None):
                found += [
                    Listed(each["path"], each["size"], each["e_tag"] or "")
                    for each in page
                    if each["path"].startswith(prefix)
                ]
                if len(found) > LISTED_MAX:
                    raise too_many(prefix)
        yield from sorted(found)

    def older(self, prefix: str, before: datetime) -> Iterator[str]:
        above = prefix.rpartition("/")[0]
        pages = iter(obstore.list(self._bucket, above or None))
        while True:
            with _told(prefix):
                page = next(pages, None)
            if page is None:
                return
            for each in page:
                if each["last_modified"] < before and each["path"].startswith(prefix):
                    yield each["path"]


class _Hashed:
    """`blocks` gathered to parts of PART_BYTES, counted and hashed as they pass."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self.size_bytes = 0
        self._blocks = blocks
        self._hash = sha256()

    def hexdigest(self) -> str:
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        gathered = bytearray()
        for block in self._blocks:
            self._hash.update(block)
            self.size_bytes += len(block)
            gathered += block
            while len(gathered) >= PART_BYTES:
                yield bytes(gathered[:PART_BYTES])
                del gathered[:PART_BYTES]
        if gathered:
            yield bytes(gathered)


def _provider(keys: S3Keys) -> Any:
    def credential() -> "S3Credential":
        return {
            "access_key_id": keys.access_key_id,
            "secret_access_key": keys.secret_access_key,
            "token": keys.session_token or None,
            "expires_at": None,
        }

    return credential


@contextmanager
def _told(path: str) -> Iterator[None]:
    """What obstore says, as a sentence with its remedy; its own texts are long and nested."""
    try:
        yield
    except FileNotFoundError as error:
        raise no_file(path) from error
    except PreconditionError as error:
        raise changed(path) from error
    except (PermissionDeniedError, Unauthenticated) as error:
        raise Denied(
            "the S3 server refuses the keys of spec.s3.credentials, or what they may do",
            code="denied",
            where=path,
            remedy="allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket",
        ) from error
    except ValueError as error:
        remedy = "rename the object: parts of keys between slashes must not be empty"
        what = "no such key can be named"
        raise Invalid(what, code="invalid-place", where=path, remedy=remedy) from error
    except BaseError as error:
        raise Unavailable(
            f"the S3 server does not answer as it should: {str(error).splitlines()[0][:300]}",
            where=path,
            remedy="look at the server, and at spec.s3.endpoint",
        ) from error
