"""Where a bucket is, and the requests to it. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from sources.s3.options import S3Options
from sources.s3.signing import Query, path_of, query_string, signed


class SignedRequest(NamedTuple):
    """A GET, ready to be sent: nothing of the URL may be escaped again."""

    url: str
    headers: Mapping[str, str]


class Address:
    """The bucket of `options` as a host and a path."""

    def __init__(self, options: S3Options) -> None:
        parts = urlsplit(options.endpoint)
        self._options = options
        self._scheme = parts.scheme
        self._host = parts.netloc if options.is_path_style else f"{options.bucket}.{parts.netloc}"
        self._path = path_of(f"/{options.bucket}" if options.is_path_style else "/")

    def request(self, query: Query, now: datetime) -> SignedRequest:
        """A GET of the bucket itself, signed where there are credentials."""
        text = query_string(query)
        url = f"{self._scheme}://{self._host}{self._path}?{text}"
        credentials = self._options.credentials
        if credentials is None:
            return SignedRequest(url, {})
        headers = signed(self._host, self._path, text, credentials, self._options.region, now)
        return SignedRequest(url, headers)
