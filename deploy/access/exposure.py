"""Where the admin listener may listen: beyond loopback only once there are tokens."""

from broker.errors import Invalid
from deploy.access.book import TokenBook
from deploy.addresses import Address

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def check_exposure(address: Address, tokens: TokenBook | None) -> None:
    """Raises Invalid where `address` is beyond loopback and nobody could sign in."""
    if address.host in LOOPBACK or (tokens is not None and tokens.has_usable()):
        return
    raise Invalid(
        f"the admin listener would be open to everybody on {address.host}: there is no token",
        code="admin-exposed",
        where="--admin",
        remedy="make one first: headrace tokens create admin --role admin --data DIR; "
        "or listen on 127.0.0.1",
    )
