"""Every refusal of a server says what is wrong, where, and what to do."""

import pytest

from broker.errors import Denied, Forbidden, HeadraceError, Invalid, Unavailable
from sources.s3.answers import NOT_IMPLEMENTED, error_of
from sources.s3.client import LIST
from sources.s3.options import Credentials, S3Options, aws_endpoint

SECRET = "the-secret"
OPTIONS = S3Options(
    "photos", aws_endpoint("us-east-1"), credentials=Credentials("key", SECRET, SECRET)
)


def refused(status: int, code: str, more: str = "", **headers: str) -> HeadraceError:
    body = f"<Error><Code>{code}</Code><Message>said</Message>{more}</Error>".encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return error_of(OPTIONS, status, named, body, LIST)


@pytest.mark.parametrize(
    ("status", "code", "kind", "remedy"),
    [
        (404, "NoSuchBucket", Invalid, "create it"),
        (403, "AccessDenied", Forbidden, "allow s3:ListBucket on arn:aws:s3:::photos"),
        (403, "InvalidAccessKeyId", Denied, "create the key"),
        (403, "SignatureDoesNotMatch", Denied, "mend the secret"),
        (403, "RequestTimeTooSkewed", Denied, "NTP"),
        (400, "ExpiredToken", Denied, "new temporary credentials"),
        (400, "InvalidToken", Denied, "new temporary credentials"),
        (403, "Unheard", Forbidden, "s3:ListBucket"),
        (400, "Unheard", Invalid, "spec.endpoint"),
        (500, "InternalError", Unavailable, "by itself"),
        (503, "SlowDown", Unavailable, "by itself"),
        (429, "TooManyRequests", Unavailable, "by itself"),
    ],
)
def test_a_refusal_is_of_its_class_and_has_its_remedy(
    status: int, code: str, kind: type[HeadraceError], remedy: str
) -> None:
    error = refused(status, code)

    assert isinstance(error, kind)
    assert remedy in (error.remedy or "")
    assert SECRET not in f"{error}"


def test_a_bucket_elsewhere_says_which_region_to_write() -> None:
    moved = refused(301, "PermanentRedirect", x_amz_bucket_region="eu-west-1")
    malformed = refused(400, "AuthorizationHeaderMalformed", "<Region>eu-west-2</Region>")
    temporary = refused(307, "TemporaryRedirect", "<Endpoint>photos.s3.example</Endpoint>")

    assert moved.remedy == "write region: eu-west-1"
    assert malformed.remedy == "write region: eu-west-2"
    assert temporary.remedy == "write endpoint: https://photos.s3.example"


@pytest.mark.parametrize(
    ("status", "code"), [(501, ""), (501, "NotImplemented"), (400, "NotImplemented")]
)
def test_what_a_server_has_not_is_told_apart(status: int, code: str) -> None:
    assert refused(status, code).code == NOT_IMPLEMENTED


def test_an_answer_that_is_no_xml_is_judged_by_its_status() -> None:
    gateway = error_of(OPTIONS, 502, {}, b"<html>Bad gateway", LIST)
    portal = error_of(OPTIONS, 404, {}, b"not here", LIST)

    assert isinstance(gateway, Unavailable)
    assert isinstance(portal, Invalid)


def test_an_unsigned_request_that_is_refused_says_to_sign() -> None:
    options = S3Options("photos", "http://127.0.0.1:9000")

    error = error_of(options, 403, {}, b"<Error><Code>AccessDenied</Code></Error>", LIST)

    assert "set spec.credentials" in (error.remedy or "")


def test_the_address_of_a_region_in_china_is_in_its_own_domain() -> None:
    assert aws_endpoint("eu-west-1") == "https://s3.eu-west-1.amazonaws.com"
    assert aws_endpoint("cn-north-1") == "https://s3.cn-north-1.amazonaws.com.cn"
