"""Every bound of the HTTP server, with its default."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What a peer may take of a server, and for how long.

    Times are measured by the server's sweep (`sweep_seconds`), so a deadline falls up to two
    sweeps late, and a loop that stood still is not held against the peers.
    """

    target_bytes_max: int = 8 * 1024  # beyond: 414
    head_bytes_max: int = 32 * 1024  # request line and headers; beyond: 431
    headers_max: int = 64  # beyond: 431
    head_seconds: float = 10.0  # from its first byte, or from connecting; beyond: 408
    body_stall_seconds: float = 5.0  # between two reads of a body; beyond: 408
    body_seconds: float = 30.0  # all of a body; beyond: 408
    body_rate_bytes_per_second: int = 4 * 1024  # on average; below: 408 …
    body_rate_after_seconds: float = 10.0  # … once this old
    unfinished_bytes_max: int = 256 * 1024 * 1024  # of all peers, not yet a request; beyond: 503
    answer_seconds: float = 15.0  # a route that does not answer; beyond: 503
    idle_seconds: float = 75.0  # keep-alive without a request; beyond: closed
    write_stall_seconds: float = 10.0  # a peer that does not read; beyond: cut
    write_bytes_max: int = 64 * 1024  # unread answers of one peer; beyond: no more is read
    held_bytes_max: int = 64 * 1024  # pipelined bytes kept; beyond: no more is read
    linger_seconds: float = 2.0  # for a refused peer to read its answer; then cut
    connections_max: int = 4096  # beyond: 503
    connections_per_peer_max: int = 256  # beyond: 429
    refusals_max: int = 256  # connections kept only to tell a refusal; beyond: cut unanswered
    backlog: int = 4096  # connections the kernel queues; uvloop's own default is 100
    sweep_seconds: float = 0.25
