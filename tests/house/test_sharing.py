"""Tests that run side by side share nothing but what they say."""

import pytest

from tests.sharing import server_of


def test_all_tests_of_a_real_server_stay_in_one_process(request: pytest.FixtureRequest) -> None:
    marked = [item for item in request.session.items if item.get_closest_marker("servers")]

    apart = [item.nodeid for item in marked if server_of(item.nodeid) is None]

    assert not apart, f"{apart}; remedy: name the server in the file, or in tests/sharing.py"


@pytest.mark.parametrize(
    ("test", "server"),
    [
        ("tests/contracts/test_sources.py::test_a[KafkaSource]", "kafka"),
        ("tests/sources/s3/test_s3_bucket.py::test_a", "minio"),
        ("tests/contracts/test_sources.py::test_a[ApiServerSource]", "kubernetes"),
        ("tests/contracts/test_sources.py::test_a[PingSource]", None),
    ],
)
def test_a_server_is_known_by_path_or_parameter(test: str, server: str | None) -> None:
    assert server_of(test) == server
