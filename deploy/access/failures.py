"""Sign-ins that failed, by address: after ten in a minute more are turned away unseen.

Guessing 256 bits is hopeless at any rate; what is bounded here is the work, the log and the
audit that somebody who tries can cause. Pure: the time is an argument.
"""

import ipaddress
from dataclasses import dataclass

WINDOW_SECONDS = 60.0
FAILURES_MAX = 10  # of one address in one window; further ones are 429 and not written
ADDRESSES_MAX = 1024  # beyond, the address that has been there longest is forgotten
NOTES_MAX = 10  # of all addresses in one window; the others are counted in the next note


@dataclass(slots=True)
class _Window:
    since_seconds: float
    failures: int = 0


class Failures:
    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}
        self._noting = _Window(float("-inf"))
        self._unnoted = 0

    def wait_seconds(self, address: str, now_seconds: float) -> float:
        """How long `address` has to wait before it may try again; 0 as a rule."""
        window = self._windows.get(network_of(address))
        if window is None or window.failures < FAILURES_MAX:
            return 0.0
        return max(0.0, window.since_seconds + WINDOW_SECONDS - now_seconds)

    def add(self, address: str, now_seconds: float) -> int:
        """Count one; gives how many failures are to be written down now, 0 for none.

        Of an address the first and the last that it may have in a window are written.
        """
        window = self._window(network_of(address), now_seconds)
        window.failures += 1
        self._unnoted += 1
        if window.failures not in (1, FAILURES_MAX):
            return 0
        if now_seconds >= self._noting.since_seconds + WINDOW_SECONDS:
            self._noting = _Window(now_seconds)
        self._noting.failures += 1
        if self._noting.failures > NOTES_MAX:
            return 0
        count, self._unnoted = self._unnoted, 0
        return count

    def _window(self, network: str, now_seconds: float) -> _Window:
        window = self._windows.get(network)
        if window is not None and now_seconds < window.since_seconds + WINDOW_SECONDS:
            return window
        self._windows.pop(network, None)  # put at the end: the first is the oldest
        if len(self._windows) >= ADDRESSES_MAX:
            del self._windows[next(iter(self._windows))]
        window = self._windows[network] = _Window(now_seconds)
        return window


def network_of(address: str) -> str:
    """Who is counted as one: an IPv4 address, or the 64 bits that an IPv6 host is given."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
