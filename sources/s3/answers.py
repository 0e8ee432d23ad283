"""What a refusal of an S3 server means, in words that say what to do. Pure.

Source: Amazon S3 API reference, error responses; MinIO answers by the same codes.
"""

from collections.abc import Callable, Mapping

from broker.errors import Forbidden, HeadraceError, Invalid, Unauthorized, Unavailable
from sources.s3.options import S3Options
from sources.s3.xml import name_of, parse, texts_of

NOT_IMPLEMENTED = "not-implemented"
REGION_HEADER = "x-amz-bucket-region"
_TEXT_CHARACTERS_MAX = 200

Fault = tuple[str, Mapping[str, str]]  # the code, and what else the answer said


def error_of(
    options: S3Options, status: int, headers: Mapping[str, str], body: bytes, right: str
) -> HeadraceError:
    """The error for an answer other than 200; `right` is what the request needed."""
    code, told = _fault_of(status, body)
    if status in (301, 307, 308) or code in ("AuthorizationHeaderMalformed", "PermanentRedirect"):
        return _elsewhere(options, headers.get(REGION_HEADER) or told.get("Region", ""), told)
    if status == 501 or code == "NotImplemented":
        return Invalid(f"the server has no {right}", code=NOT_IMPLEMENTED, remedy="do without")
    if code in _REFUSALS:
        return _REFUSALS[code](options, right)
    said = f"{status} {code} {told.get('Message', '')}".strip()[:_TEXT_CHARACTERS_MAX]
    if status in (429, 503) or status >= 500:
        remedy = "it is asked again by itself; look at the server if it lasts"
        return Unavailable(f"the server answered {said}", where=options.endpoint, remedy=remedy)
    if status in (401, 403):
        return _denied(options, right)
    return Invalid(
        f"the server answered {said} to {right}",
        code="s3-refused",
        where=options.endpoint,
        remedy="check spec.endpoint and spec.bucket",
    )


def _fault_of(status: int, body: bytes) -> Fault:
    try:
        root = parse(body)
    except Unavailable:
        return "", {}
    told = texts_of(root) if name_of(root) == "Error" else {}
    return told.get("Code", ""), told


def _elsewhere(options: S3Options, region: str, told: Mapping[str, str]) -> Invalid:
    place = told.get("Endpoint", "")
    if region and region != options.region:
        what, remedy = f"is in region {region}", f"write region: {region}"
    elif place:
        what, remedy = f"is at {place}", f"write endpoint: https://{place}"
    else:
        what, remedy = "is elsewhere", "write the bucket's own region and endpoint"
    return Invalid(
        f"bucket {options.bucket} {what}, not in {options.region} at {options.endpoint}",
        code="other-region",
        where="spec.region",
        remedy=remedy,
    )


def _no_bucket(options: S3Options, _: str) -> Invalid:
    return Invalid(
        f"there is no bucket {options.bucket} at {options.endpoint}",
        code="no-such-bucket",
        where="spec.bucket",
        remedy="create it, or mend the name",
    )


def _denied(options: S3Options, right: str) -> Forbidden:
    if options.credentials is None:
        remedy = "set spec.credentials: requests are sent unsigned"
    else:
        remedy = f"allow {right} on arn:aws:s3:::{options.bucket} to this access key"
    return Forbidden(
        f"the server does not allow {right} on bucket {options.bucket}",
        code="access-denied",
        where="spec.credentials",
        remedy=remedy,
    )


def _unknown_key(options: S3Options, _: str) -> Unauthorized:
    key = options.credentials.access_key_id if options.credentials else ""
    return Unauthorized(
        f"the server does not know the access key {key}",
        code="unknown-access-key",
        where="spec.credentials.accessKeyId",
        remedy="mend it, or create the key",
    )


def _wrong_secret(_: S3Options, __: str) -> Unauthorized:
    return Unauthorized(
        "the server refuses the signature: the secret is not that of the access key",
        code="wrong-signature",
        where="spec.credentials.secretAccessKey",
        remedy="mend the secret that the reference leads to",
    )


def _skewed(_: S3Options, __: str) -> Unauthorized:
    return Unauthorized(
        "the clocks of this machine and the server are more than 15 minutes apart",
        code="clock-skewed",
        remedy="set the wrong one by NTP, then restart headrace if it was this machine's",
    )


def _expired(_: S3Options, __: str) -> Unauthorized:
    return Unauthorized(
        "the session token has expired, or is none",
        code="expired-token",
        where="spec.credentials.sessionToken",
        remedy="get new temporary credentials and reload, or use lasting ones",
    )


_REFUSALS: Mapping[str, Callable[[S3Options, str], HeadraceError]] = {
    "NoSuchBucket": _no_bucket,
    "AccessDenied": _denied,
    "AllAccessDisabled": _denied,
    "InvalidAccessKeyId": _unknown_key,
    "SignatureDoesNotMatch": _wrong_secret,
    "RequestTimeTooSkewed": _skewed,
    "ExpiredToken": _expired,
    "InvalidToken": _expired,
    "TokenRefreshRequired": _expired,
}
