"""`kind: FolderSource` read from YAML, and all that can be wrong with it."""

from pathlib import Path

import pytest

from broker.errors import InvalidConfig
from deploy.config.read import read_configuration
from sources.folder.options import FolderOptions

HEAD = """
kind: Broker
apiVersion: eventing.knative.dev/v1
metadata: {name: default}
---
apiVersion: headrace.dev/v1
kind: FolderSource
metadata: {name: drop}
spec:
"""


def options(folder: Path, *lines: str) -> FolderOptions:
    file = folder / "a.yaml"
    file.write_text(HEAD + "".join(f"  {line}\n" for line in lines))
    (source,) = read_configuration([file], {}).sources.values()
    made: FolderOptions = source.options
    return made


def test_a_path_is_enough_and_counts_from_the_files_folder(tmp_path: Path) -> None:
    made = options(tmp_path, "path: drop")

    assert made == FolderOptions(str(tmp_path / "drop"))


def test_every_field_reaches_the_options(tmp_path: Path) -> None:
    made = options(
        tmp_path, "path: /drop", "include: ['*.csv']", "exclude: []", "recursive: false",
        "events: [created]", "settle: PT0S", "scanInterval: PT5M", "hash: false",
        "initial: none", "maxFiles: 1000000",
    )  # fmt: skip

    assert made == FolderOptions(
        "/drop", ("*.csv",), (), False, frozenset({"created"}), False, 0.0, 300.0, False, 1_000_000
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("hash: true", "spec.path: is missing"),
        ("path: ''", "spec.path: "),
        ("path: /a\n  include: ['/b']", "11:13: spec.include[0]: '/b' is no glob of names"),
        ("path: /a\n  exclude: ['']", "spec.exclude[0]: "),
        ("path: /a\n  events: []", "spec.events: "),
        ("path: /a\n  events: [moved]", "spec.events[0]: 'moved' is none of the known values"),
        ("path: /a\n  scanInterval: PT0.1S", "shorter than a second"),
        ("path: /a\n  maxFiles: 1000001", "is too large"),
        ("path: /a\n  initial: some", "none of the known values"),
    ],
)
def test_a_mistake_is_said_where_it_is(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        options(tmp_path, line)

    (mistake,) = caught.value.mistakes
    assert told in mistake
