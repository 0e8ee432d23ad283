"""Which addresses a delivery may reach, judged on the resolved address, never on text.

`0x7f000001`, `2130706433` and `127.1` are all 127.0.0.1 to a resolver, and IPv6 has four
spellings that carry an IPv4 address inside; so the judge sees only what would be dialled.
"""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from broker.errors import Invalid
from sinks.spec import Egress

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Where clouds answer with credentials, beyond the link-local ranges.
METADATA = frozenset(
    ip_address(text)
    for text in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)
_NAT64 = ip_network("64:ff9b::/96")
_V4_COMPATIBLE = ip_network("::/96")


def unwrap(address: Address) -> Address:
    """The IPv4 address inside a v4-mapped, v4-compatible, NAT64 or 6to4 one, else itself.

    The standard library calls the last three global whatever they wrap.
    """
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    wrapped = address in _NAT64 or (address in _V4_COMPATIBLE and int(address) > 1)
    return IPv4Address(int(address) & 0xFFFF_FFFF) if wrapped else address


class EgressPolicy:
    """Judges addresses for one subscriber.

    `trusted`: the URL stands in the configuration, so loopback and private addresses pass;
    one that came from an event or a command passes only where global or in `egress.allow`.
    `egress.allow` opens link-local and metadata addresses and makes exceptions from
    `egress.deny`; nothing opens unspecified and multicast ones, nor `forbidden`: the
    sockets (address, port) of the admin listener. A forbidden unspecified address means
    every address of this machine, as `is_own` tells. `key` is equal where policies are.
    """

    def __init__(
        self,
        egress: Egress,
        *,
        trusted: bool = True,
        forbidden: Iterable[tuple[str, int]] = (),
        is_own: Callable[[str], bool] = lambda _address: False,
    ) -> None:
        self.key = (egress, trusted, frozenset(forbidden))
        self._allow = _Rules(egress.allow)
        self._deny = _Rules(egress.deny)
        self._trusted = trusted
        self._forbidden = frozenset((unwrap(ip_address(host)), port) for host, port in self.key[2])
        self._is_own = is_own

    def refusal(self, host: str, address: str, port: int) -> str | None:
        """Why `address`, to which `host` resolved, may not be dialled; None where it may."""
        judged = unwrap(ip_address(address.partition("%")[0]))
        if judged.is_unspecified or judged.is_multicast:
            return "is unspecified or multicast, which is never dialled"
        if self._is_forbidden(judged, port):
            return "is the admin listener, which is never dialled"
        if self._allow.name(host, judged):
            return None
        if self._deny.name(host, judged):
            return "is named by egress.deny"
        if judged.is_link_local or judged in METADATA:
            return "is link-local or a metadata service, which only egress.allow opens"
        if not self._trusted and not judged.is_global:
            return "is not public, and the URL does not come from the configuration"
        return None

    def _is_forbidden(self, address: Address, port: int) -> bool:
        for listener, listener_port in self._forbidden:
            if port != listener_port:
                continue
            if address == listener:
                return True
            if listener.is_unspecified and (address.is_loopback or self._is_own(str(address))):
                return True
        return False


class _Rules:
    """Host names, `.suffixes` and networks, sorted by kind when they are read."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._networks: list[Network] = []
        self._names: set[str] = set()
        self._suffixes: list[str] = []
        for entry in entries:
            self._read(entry.strip().lower().rstrip("."))

    def _read(self, entry: str) -> None:
        if "/" in entry or ":" in entry or entry.replace(".", "").isdigit():
            try:
                self._networks.append(ip_network(entry, strict=False))
            except ValueError as error:
                raise Invalid(
                    f"{entry!r} is no network",
                    code="invalid-egress",
                    remedy="write it as 10.0.0.0/8, as fd00::/8, or as a host name",
                ) from error
        elif entry.startswith("."):
            self._suffixes.append(entry)
        elif entry:
            self._names.add(entry)

    def name(self, host: str, address: Address) -> bool:
        host = host.lower().rstrip(".")
        if host in self._names or any(host.endswith(suffix) for suffix in self._suffixes):
            return True
        return any(
            address.version == network.version and address in network for network in self._networks
        )
