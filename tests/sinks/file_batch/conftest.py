"""The root of the repository, for tests that run a program of their own."""

from pathlib import Path

import pytest


@pytest.fixture
def root() -> Path:
    return Path(__file__).parents[3]
