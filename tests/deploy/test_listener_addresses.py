"""Listener addresses as people write them."""

import errno

import pytest

from broker.errors import Invalid
from deploy.addresses import Address, cannot_listen, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        (":8080", Address("127.0.0.1", 8080)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:65535", Address("::1", 65535)),
        ("0.0.0.0:80", Address("0.0.0.0", 80)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, expected: Address) -> None:
    assert parse_address(text, "--listen") == expected


@pytest.mark.parametrize(
    "text", ["", "8080", "host", "host:", "host:http", "host:65536", "h:-1", "h:٣"]
)
def test_what_is_none_is_refused_with_its_option_and_an_example(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_address(text, "--listen")

    assert refused.value.where == "--listen"
    assert "127.0.0.1:8080" in (refused.value.remedy or "")


@pytest.mark.parametrize("text", ["127.0.0.1:8080", "[::1]:8081"])
def test_an_address_is_shown_as_it_is_written(text: str) -> None:
    assert str(parse_address(text, "--listen")) == text


def test_a_port_in_use_is_said_with_a_remedy() -> None:
    told = cannot_listen(Address("127.0.0.1", 80), OSError(errno.EADDRINUSE, "x"), "--listen")

    assert str(told).startswith("--listen: cannot listen on 127.0.0.1:80: Address already in use; ")
