"""Ports for real servers."""

from tests.servers.ports import free_ports

COUNT = 50


def of_worker(number: int) -> set[int]:
    environ = {"PYTEST_XDIST_WORKER": f"gw{number}", "PYTEST_XDIST_WORKER_COUNT": "3"}
    found = {port for _ in range(COUNT) for port in free_ports(COUNT, environ)}
    assert len(found) >= COUNT
    return found


def test_processes_side_by_side_never_get_the_same_port() -> None:
    first, second, third = (of_worker(number) for number in range(3))

    assert max(first) < min(second)
    assert max(second) < min(third)
    assert max(third) < 32_768


def test_one_alone_gets_as_many_as_it_asks_for() -> None:
    assert len(set(free_ports(COUNT, {}))) == COUNT
