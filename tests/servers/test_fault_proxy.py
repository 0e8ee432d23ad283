"""The proxy fails as it is told, and only then."""

import socket
import time
from collections.abc import Iterator
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from tests.servers.fault_proxy import FaultProxy

SILENCE_SECONDS = 0.2
ANSWER_SECONDS_MAX = 60.0


class Echo(BaseRequestHandler):
    """Says all it hears, until it hears the end."""

    def handle(self) -> None:
        try:
            while chunk := self.request.recv(65536):
                self.request.sendall(chunk)
        except ConnectionError:
            return  # the proxy was told to reset it


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    """A proxy before a server that echoes."""
    with ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        with FaultProxy("127.0.0.1", server.server_address[1]) as proxy:
            yield proxy
        server.shutdown()
        thread.join()


def _dial(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), ANSWER_SECONDS_MAX)


def _heard(client: socket.socket, length: int) -> bytes:
    with client.makefile("rb") as file:
        return file.read(length)


def test_all_is_passed_on_and_its_end_too(proxy: FaultProxy) -> None:
    words = b"x" * 1_000_000
    with _dial(proxy) as client:
        sender = Thread(target=client.sendall, args=(words,))
        sender.start()

        back = _heard(client, len(words))

        sender.join()
        client.shutdown(socket.SHUT_WR)
        assert (back == words, client.recv(1)) == (True, b"")


def test_a_cut_resets_what_is_open_and_refuses_what_is_new(proxy: FaultProxy) -> None:
    with _dial(proxy) as client:
        client.sendall(b"hello")
        assert _heard(client, 5) == b"hello"

        proxy.cut()

        with pytest.raises(ConnectionResetError):
            client.recv(1)
        with pytest.raises(ConnectionRefusedError):
            _dial(proxy)


def test_what_was_cut_is_mended_on_the_same_port(proxy: FaultProxy) -> None:
    proxy.cut()
    proxy.mend()

    with _dial(proxy) as client:
        client.sendall(b"again")
        assert _heard(client, 5) == b"again"


def test_a_stalled_link_takes_and_passes_nothing_until_it_is_mended(proxy: FaultProxy) -> None:
    proxy.stall()
    with _dial(proxy) as client:
        client.sendall(b"late")
        client.settimeout(SILENCE_SECONDS)
        with pytest.raises(TimeoutError):
            client.recv(4)

        proxy.mend()

        client.settimeout(ANSWER_SECONDS_MAX)
        assert _heard(client, 4) == b"late"


def test_a_slow_link_takes_its_time(proxy: FaultProxy) -> None:
    proxy.slow(bytes_per_second=20_000)
    with _dial(proxy) as client:
        began = time.monotonic()

        client.sendall(b"x" * 8_000)
        _heard(client, 8_000)

    assert time.monotonic() - began > 0.3


def test_a_dead_upstream_is_a_reset(proxy: FaultProxy) -> None:
    with FaultProxy("127.0.0.1", proxy.port) as outer, socket.socket() as client:
        proxy.cut()
        client.settimeout(ANSWER_SECONDS_MAX)

        with pytest.raises(ConnectionResetError):  # in dialling, or in the first read
            _dial_and_read(client, outer.port)


def _dial_and_read(client: socket.socket, port: int) -> None:
    client.connect(("127.0.0.1", port))
    client.recv(1)
