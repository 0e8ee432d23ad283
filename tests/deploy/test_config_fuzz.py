"""Whatever is in the file: a configuration or its mistakes, nothing else."""

import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import InvalidConfig
from deploy.config.read import read_configuration

EXAMPLES = sorted((Path(__file__).parents[2] / "deploy" / "examples").glob("*.yaml"))
ENVIRONMENT = {"ORDERS_SECRET": "whsec_" + "QUJD" * 8}
CUTS = 150
PIECES = (
    "${env:A}", "${", "*a", "&a ", "!t ", "<<: ", "{", "}", "[", "]", ": ", "- ", "\n", "\t", '"',
    "'", "null", "-1", "1e99", "true", "012", "PT", "\x00", "é", "\U0001f300", "---\n", "|\n", "#",
)  # fmt: skip


def read(content: bytes) -> list[str]:
    """The mistakes of a file of this content, none where it is a configuration."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.yaml"
        file.write_bytes(content)
        try:
            read_configuration([file], ENVIRONMENT)
        except InvalidConfig as invalid:
            return list(invalid.mistakes)
    return []


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_arbitrary_content_is_read_or_refused(content: bytes) -> None:
    assert all("a.yaml:" in mistake for mistake in read(content))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_cut_and_spliced_is_read_or_refused(path: Path) -> None:
    seed = Random().randrange(2**32)
    print(f"seed {seed}")
    random = Random(seed)
    text = path.read_text()

    for _ in range(CUTS):
        start, end = sorted(random.choices(range(len(text)), k=2))
        piece = random.choice(PIECES)
        spliced = random.choice(
            (
                text[:start] + piece + text[start:],
                text[:end],
                text[:start] + piece + text[start + 9 :],
            )
        )
        assert all("; " in mistake for mistake in read(spliced.encode("utf-8", "replace")))
