"""The YAML of an S3Source to its options, and each mistake in it with its remedy."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from broker.errors import InvalidConfig
from deploy.config.read import read_configuration
from sources.s3.options import S3Options

SECRET = "wJalrXUtnFEMI"
BROKER = {
    "apiVersion": "eventing.knative.dev/v1",
    "kind": "Broker",
    "metadata": {"name": "default"},
}
ENVIRONMENT = {"KEY": "the-key", "SECRET": SECRET, "TOKEN": "a-token-of-both"}


def read(folder: Path, **spec: Any) -> S3Options:
    source = {
        "apiVersion": "headrace.dev/v1",
        "kind": "S3Source",
        "metadata": {"name": "photos"},
        "spec": {"bucket": "photos", **spec},
    }
    file = folder / "headrace.yaml"
    file.write_text(yaml.safe_dump_all([BROKER, source]))
    options = read_configuration([file], ENVIRONMENT).sources["default/photos"].options
    assert isinstance(options, S3Options)
    return options


def test_a_bucket_alone_is_one_at_amazon_that_is_listed(tmp_path: Path) -> None:
    options = read(tmp_path, region="eu-west-1")

    assert options == S3Options(
        "photos",
        "https://s3.eu-west-1.amazonaws.com",
        region="eu-west-1",
        is_path_style=False,
        is_listening=False,
    )


def test_an_endpoint_of_ones_own_is_listened_to_with_the_bucket_in_its_path(tmp_path: Path) -> None:
    options = read(tmp_path, endpoint="http://127.0.0.1:9000/")

    assert options.endpoint == "http://127.0.0.1:9000"
    assert options.is_path_style
    assert options.is_listening


def test_everything_that_can_be_written_is_read(tmp_path: Path) -> None:
    options = read(
        tmp_path,
        endpoint="https://s3.example.com",
        region="here",
        pathStyle=False,
        credentials={"accessKeyId": "${env:KEY}", "secretAccessKey": "${env:SECRET}"},
        tls={"caFile": "ca.pem", "certFile": "cert.pem", "keyFile": "key.pem"},
        events=["created", "removed"],
        prefix="in/",
        suffix=".csv",
        glob="**/*.csv",
        listen=False,
        webhook={"token": "${env:TOKEN}"},
        reconcileInterval="PT30S",
    )

    assert options.credentials is not None
    assert options.credentials.secret_access_key == SECRET
    assert options.tls.ca_file == str(tmp_path / "ca.pem")
    assert (options.tells_created, options.tells_removed) == (True, True)
    assert (options.prefix, options.suffix, options.glob) == ("in/", ".csv", "**/*.csv")
    assert (options.is_listening, options.webhook_token) == (False, "a-token-of-both")
    assert options.reconcile_seconds == 30
    assert SECRET not in repr(options)


@pytest.mark.parametrize(
    ("spec", "path", "words"),
    [
        ({"bucket": "a"}, "spec.bucket", "name of a bucket"),
        ({"bucket": "a/b"}, "spec.bucket", "name of a bucket"),
        ({"endpoint": "127.0.0.1:9000"}, "spec.endpoint", "address of a server"),
        ({"endpoint": "http://u:p@host"}, "spec.endpoint", "address of a server"),
        ({"endpoint": "http://host/path"}, "spec.endpoint", "address of a server"),
        ({"endpoint": "http://host:99999"}, "spec.endpoint", "address of a server"),
        ({"region": "eu west"}, "spec.region", "region"),
        ({"events": []}, "spec.events", ""),
        ({"events": ["changed"]}, "spec.events", "created"),
        ({"glob": "/"}, "spec.glob", "glob"),
        ({"reconcileInterval": "PT0.1S"}, "spec.reconcileInterval", "too often"),
        ({"webhook": {}}, "spec.webhook", "token"),
        ({"webhook": {"token": "written here"}}, "spec.webhook.token", "secret"),
        (
            {"credentials": {"accessKeyId": "k", "secretAccessKey": "written"}},
            "spec.credentials.secretAccessKey",
            "secret",
        ),
        ({"tls": {"certFile": "a"}}, "spec.tls", "keyFile"),
        ({"endpoint": "http://host", "tls": {"caFile": "a"}}, "spec.tls", "https"),
        ({"pollInterval": "PT1M"}, "spec.pollInterval", ""),
    ],
)
def test_a_mistake_is_named_with_its_place(
    tmp_path: Path, spec: dict[str, Any], path: str, words: str
) -> None:
    with pytest.raises(InvalidConfig) as caught:
        read(tmp_path, **spec)

    (mistake,) = caught.value.mistakes
    assert f" {path}" in mistake
    assert words in mistake
    assert "written here" not in mistake


def test_a_bucket_with_dots_is_in_the_path_because_no_certificate_holds_for_its_name(
    tmp_path: Path,
) -> None:
    assert read(tmp_path, bucket="my.photos").is_path_style
