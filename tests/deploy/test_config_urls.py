"""URLs: what two programs could read differently is refused."""

from pathlib import Path

import pytest

from deploy.config.mistakes import InvalidValue
from deploy.config.urls import file_url, http_url


@pytest.mark.parametrize(
    "text",
    [
        "http://host",
        "https://host.example.com:8443/a/b?x=1&y=%20",
        "http://127.0.0.1:1/",
        "http://[::1]:8080/",
        "HTTP://Host_1/",
        "http://xn--bcher-kva.example/",
    ],
)
def test_an_absolute_http_url_is_kept_as_it_is(text: str) -> None:
    assert http_url(text) == text


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is no http"),
        ("/path", "is no http"),
        ("host:8080", "is no http"),
        ("ftp://host/", "is no http"),
        ("file:///etc/passwd", "is no http"),
        ("gopher://host/", "is no http"),
        ("http://user:secret@host/", "user or password"),
        ("http://user@host/", "user or password"),
        ("http://host/#part", "fragment"),
        ("http://host/#", "fragment"),
        ("http://host/a b", "character"),
        ("http://host/\r\nx: y", "character"),
        ("http://host/\t", "character"),
        ("http://host\\@evil/", "character"),
        ("http://bücher.example/", "character"),
        ("http://host/%zz", "character"),
        ("http://", "no valid host"),
        ("http://:80/", "no valid host"),
        ("http://-a-/", "no valid host"),
        ("http://[::1/", "no valid host"),
        ("http://[fe80::1%25eth0]/", "no valid host"),
        ("http://a..b/", "no valid host"),
        ("http://host:/", "no valid port"),
        ("http://host:0/", "no valid port"),
        ("http://host:65536/", "no valid port"),
        ("http://host:8080x/", "no valid port"),
        ("http://[::1]x/", "no valid port"),
        ("http://host:9/", "names port 9, which other protocols use"),
        ("https://host:25/", "names port 25, which other protocols use"),
        ("http://host/" + "a" * 8_000, "8000 characters"),
    ],
)
def test_any_other_is_refused_without_being_quoted(text: str, what: str) -> None:
    with pytest.raises(InvalidValue, match=what) as refused:
        http_url(text)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("file:iris.onnx", "/models/iris.onnx"),
        ("file:sub/a%20b.onnx", "/models/sub/a%20b.onnx"),
        ("file:///srv/iris.onnx", "/srv/iris.onnx"),
        ("file://localhost/srv/iris.onnx", "/srv/iris.onnx"),
        ("file:/srv/iris.onnx", "/srv/iris.onnx"),
    ],
)
def test_a_file_url_becomes_absolute_from_the_folder(text: str, path: str) -> None:
    assert file_url(text, Path("/models")) == f"file:{path}"


@pytest.mark.parametrize(
    "text", ["iris.onnx", "http://host/iris.onnx", "file:", "file://host/a", "file:a\0b"]
)
def test_what_is_no_file_url_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        file_url(text, Path("/models"))
