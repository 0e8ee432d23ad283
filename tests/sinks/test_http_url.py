import pytest

from broker.errors import Invalid
from sinks.http_url import parse_url, redacted


def test_a_url_is_taken_apart_into_what_a_request_needs() -> None:
    endpoint = parse_url("https://Example.com:8443/a%20b?c=d")

    assert (endpoint.host, endpoint.port, endpoint.tls) == ("example.com", 8443, True)
    assert endpoint.target == "/a%20b?c=d"
    assert endpoint.authority == "example.com:8443"


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("http://host", "host", "/"),
        ("http://host:80/", "host", "/"),
        ("https://host:443?x", "host", "/?x"),
        ("http://[::1]:9000/x", "[::1]:9000", "/x"),
    ],
)
def test_the_authority_leaves_out_what_the_scheme_says(
    url: str, authority: str, target: str
) -> None:
    endpoint = parse_url(url)

    assert (endpoint.authority, endpoint.target) == (authority, target)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://host/",
        "host/path",
        "http://",
        "http:///path",
        "http://user:secret@host/",
        "http://host/#fragment",
        "http://host/#",
        "http://host/a b",
        "http://host/a\r\nx: y",
        "http://host\\@other/",
        "http://hôst/",
        "http://host:0/",
        "http://host:99999/",
        "http://host:12x/",
        "http://host:25/",
        "http://host:6379/",
        "http://[::1/",
        "http://" + "a" * 9000,
    ],
)
def test_what_two_programs_could_read_differently_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse_url(url)

    assert raised.value.code == "invalid-url"
    assert "secret" not in str(raised.value)


def test_operators_see_no_credential_of_a_url() -> None:
    shown = redacted("https://u:p@host/a?x=1&access_token=abc&sig=d%20e")

    assert shown == "https://host/a?x=1&access_token=***&sig=***"
