"""The tree that the house tests read, parsed once."""

from pathlib import Path

import pytest

from tests.house.source import PACKAGES, Module, read_documents, read_modules


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder that holds the packages."""
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def modules(root: Path) -> list[Module]:
    """Every module of the packages."""
    return read_modules(root, PACKAGES)


@pytest.fixture(scope="session")
def test_modules(root: Path) -> list[Module]:
    """Every module of the tests but these."""
    found = read_modules(root, ("tests",))
    return [module for module in found if module.path.parts[:2] != ("tests", "house")]


@pytest.fixture(scope="session")
def documents(root: Path) -> dict[str, str]:
    """The documents at the root by file name."""
    return read_documents(root)
