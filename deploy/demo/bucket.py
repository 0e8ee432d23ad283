"""The demo's bucket: the one that is named, made where there is none.

obstore neither looks for buckets nor makes any, but it signs requests: HEAD and PUT of the URL of
the bucket itself are S3's HeadBucket and CreateBucket.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple
from xml.sax.saxutils import escape

import aiohttp
import obstore
from obstore.store import S3Store as Signer
from yarl import URL

from broker.errors import Denied, HeadraceError, Invalid, Unavailable
from deploy.demo.home import Bucket
from sinks.file_batch.spec import S3Keys

if TYPE_CHECKING:
    from obstore.store import S3Credential

ANSWER_SECONDS_MAX = 20.0
ANSWER_BYTES_MAX = 64 * 1024
ANSWER_CHARACTERS_SHOWN = 300
SIGNED_FOR = timedelta(seconds=60)
HOME_REGION = "us-east-1"
_OWNED = "BucketAlreadyOwnedByYou"  # somebody of the same account was first


class Answer(NamedTuple):
    status: int
    text: str


async def prepare(bucket: Bucket) -> bool:
    """See that the bucket is there; True where it had to be made.

    Raises Denied, Invalid or Unavailable, in words of the command line.
    """
    there = await _ask(bucket, "HEAD")
    if there.status == 200:
        return False
    if there.status != 404:
        raise refusal(bucket, there)
    made = await _ask(bucket, "PUT", creation(bucket.access.region))
    if made.status != 200 and _OWNED not in made.text:
        raise refusal(bucket, made)
    return True


async def _ask(bucket: Bucket, method: Literal["HEAD", "PUT"], body: bytes = b"") -> Answer:
    limits = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
    url = URL(_signed(bucket, method), encoded=True)
    try:
        async with (
            aiohttp.ClientSession(timeout=limits, trust_env=False) as session,
            session.request(method, url, data=body, allow_redirects=False) as answer,
        ):
            text = (await answer.content.read(ANSWER_BYTES_MAX)).decode("utf-8", "replace")
            return Answer(answer.status, text)
    except (aiohttp.ClientError, OSError) as error:
        raise Unavailable(
            f"the S3 server is out of reach: {error or type(error).__name__}",
            where=bucket.access.endpoint,
            remedy="start it, or mend the address after --s3",
        ) from error


def creation(region: str) -> bytes:
    """What is sent to have a bucket made: nothing for the region that is S3's own default.

    Source: Amazon S3 API reference, CreateBucket.
    """
    if region == HOME_REGION:
        return b""
    where = f"<LocationConstraint>{escape(region)}</LocationConstraint>"
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    return (
        f'<CreateBucketConfiguration xmlns="{space}">{where}</CreateBucketConfiguration>'.encode()
    )


def refusal(bucket: Bucket, answer: Answer) -> HeadraceError:
    """What an answer other than 200 says. Pure."""
    where = bucket.access.endpoint
    if answer.status in (401, 403):
        return Denied(
            f"the S3 server refuses the keys, or what they may do with bucket {bucket.name}",
            code="denied",
            where=where,
            remedy="mend AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; they need s3:ListBucket, "
            "s3:GetObject, s3:PutObject, s3:DeleteObject, and s3:CreateBucket where there is none",
        )
    said = f"{answer.status} {answer.text[:ANSWER_CHARACTERS_SHOWN]}".strip()
    if answer.status >= 500:
        what = f"the S3 server answered {said}"
        return Unavailable(what, where=where, remedy="look at the server, and try again")
    return Invalid(
        f"bucket {bucket.name} is not to be had: the server answered {said}",
        code="no-bucket",
        where=where,
        remedy="name another one with --bucket, and with --region the region that it is in",
    )


def _signed(bucket: Bucket, method: Literal["HEAD", "PUT"]) -> str:
    access, keys = bucket.access, bucket.access.keys
    assert keys is not None
    signer = Signer(
        bucket.name,
        endpoint=access.endpoint,
        region=access.region,
        # By a function: of keys given one by one, a session token would come from elsewhere.
        credential_provider=lambda: _credential(keys),
        virtual_hosted_style_request=False,
        client_options={"allow_http": access.endpoint.startswith("http:")},
    )
    return obstore.sign(signer, method, "", SIGNED_FOR)


def _credential(keys: S3Keys) -> "S3Credential":
    return {
        "access_key_id": keys.access_key_id,
        "secret_access_key": keys.secret_access_key,
        "token": None,
        "expires_at": None,
    }
