"""What one event and one batch may weigh; a broker's own limits replace the defaults."""

from dataclasses import dataclass

from broker.errors import TooLarge


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what the codec reads; at a bound it refuses, it never cuts.

    `event_bytes` counts the body (binary mode) or the JSON text of one event. Depth and nodes
    are per event: the event's own object is depth 1, every JSON value but a name is a node.
    """

    event_bytes: int = 1_048_576
    batch_bytes: int = 8_388_608
    batch_events: int = 1_000
    extensions: int = 32
    json_depth: int = 64
    json_nodes: int = 100_000


DEFAULT_LIMITS = Limits()


def check_size(size_bytes: int, bytes_max: int, kind: str) -> None:
    """Raise TooLarge(code="too-large") where `size_bytes` is beyond `bytes_max`."""
    if size_bytes > bytes_max:
        raise TooLarge(
            f"the {kind} has {size_bytes:,} bytes, the limit is {bytes_max:,}",
            where=kind,
            remedy="send less, or put the payload elsewhere and send its address",
        )
