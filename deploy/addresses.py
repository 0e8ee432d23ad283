"""Listener addresses as written on the command line."""

import os
from typing import NamedTuple

from broker.errors import Invalid, Unavailable


class Address(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, where: str) -> Address:
    """`HOST:PORT`, `:PORT` (loopback) or `[V6]:PORT`; port 0 takes a free one."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise Invalid(f"{text!r} is no HOST:PORT", where=where, remedy="for example 127.0.0.1:8080")
    return Address(host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port))


def cannot_listen(address: Address, error: OSError, where: str) -> Unavailable:
    """What to raise for the error of binding `address`; `where` is the option that named it."""
    is_system = error.errno is not None and error.errno > 0  # names not found have their own
    why = os.strerror(error.errno or 0) if is_system else error.strerror or str(error)
    return Unavailable(
        f"cannot listen on {address}: {why}",
        code="cannot-listen",
        where=where,
        remedy="choose a free port (0 takes one) at an address of this machine",
    )
