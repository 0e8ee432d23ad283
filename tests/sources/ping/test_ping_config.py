"""`kind: PingSource` read from YAML, and all that can be wrong with it."""

from datetime import UTC, timedelta
from pathlib import Path

import pytest

from broker.errors import InvalidConfig
from deploy.config.read import read_configuration
from sources.ping.options import PingOptions
from sources.ping.schedule import Cron, Every

HEAD = """
kind: Broker
apiVersion: eventing.knative.dev/v1
metadata: {name: default}
---
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata: {name: nightly}
spec:
"""


def options(folder: Path, *lines: str) -> PingOptions:
    file = folder / "a.yaml"
    file.write_text(HEAD + "".join(f"  {line}\n" for line in lines))
    (source,) = read_configuration([file], {}).sources.values()
    made: PingOptions = source.options
    return made


def test_a_schedule_is_enough(tmp_path: Path) -> None:
    made = options(tmp_path, "schedule: '*/5 * * * *'")

    assert made == PingOptions(Cron("*/5 * * * *", (0,), UTC, "UTC"))


def test_every_field_reaches_the_options(tmp_path: Path) -> None:
    made = options(
        tmp_path, "schedule: '@every 90s'", "data: hello", "contentType: text/plain",
        "catchUp: all", "jitter: PT5S",
    )  # fmt: skip

    every = Every(timedelta(seconds=90))
    assert made == PingOptions(every, b"hello", "text/plain", "all", 5.0)


def test_data_is_json_unless_said_otherwise(tmp_path: Path) -> None:
    made = options(tmp_path, "schedule: '@daily'", """data: '{"a": 1}'""")

    assert (made.data, made.content_type) == (b'{"a": 1}', "application/json")


def test_base64_gives_bytes(tmp_path: Path) -> None:
    made = options(tmp_path, "schedule: '@daily'", "dataBase64: AAH/")

    assert (made.data, made.content_type) == (b"\x00\x01\xff", "application/octet-stream")


def test_a_zone_may_be_named_in_two_places(tmp_path: Path) -> None:
    inside = options(tmp_path, "schedule: CRON_TZ=Europe/Berlin 30 2 * * *")
    beside = options(tmp_path, "schedule: 30 2 * * *", "timezone: Europe/Berlin")

    assert inside == beside


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["data: a"], "spec.schedule: is missing"),
        (
            ["schedule: 0 0 30 2 *"],
            "a.yaml:10:13: spec.schedule: never fires: no month has such a day",
        ),
        (["schedule: '@reboot'"], "spec.schedule: is none of the known names"),
        (
            ["schedule: 0 9 * * *", "timezone: Mars/Base"],
            "11:13: spec.timezone: names no time zone",
        ),
        (["schedule: TZ=Europe 0 9 * * *"], "spec.schedule: names no time zone"),
        (["schedule: '@daily'", "data: hello"], "11:9: spec.data: is no JSON"),
        (["schedule: '@daily'", "data: '1'", "dataBase64: MQ=="], "spec.dataBase64: stands beside"),
        (["schedule: '@daily'", "dataBase64: '?'"], "spec.dataBase64: is no Base64"),
        (["schedule: '@daily'", "contentType: 'a b'"], "spec.contentType: cannot be the content"),
        (["schedule: '@daily'", "jitter: PT2H"], "longer than an hour"),
        (["schedule: '@daily'", "catchUp: some"], "none of the known values"),
    ],
)
def test_a_mistake_is_said_where_it_is(tmp_path: Path, lines: list[str], told: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        options(tmp_path, *lines)

    (mistake,) = caught.value.mistakes
    assert told in mistake
