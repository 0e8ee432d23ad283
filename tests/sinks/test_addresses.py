import pytest

from broker.errors import Invalid
from sinks.addresses import EgressPolicy, unwrap
from sinks.spec import Egress

METADATA_SPELLINGS = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "100.100.100.200",
]


@pytest.mark.parametrize("address", METADATA_SPELLINGS)
def test_link_local_and_metadata_addresses_need_leave_in_any_spelling(address: str) -> None:
    refusal = EgressPolicy(Egress()).refusal("host", address, 80)

    assert refusal is not None
    assert "egress.allow" in refusal


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.1", "8.8.8.8"])
def test_a_configured_url_may_name_loopback_private_and_public_addresses(address: str) -> None:
    assert EgressPolicy(Egress()).refusal("host", address, 80) is None


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.1.2.3", "100.64.0.1", "fd00::1", "::ffff:127.0.0.1"]
)
def test_a_url_from_elsewhere_reaches_only_public_addresses(address: str) -> None:
    policy = EgressPolicy(Egress(), trusted=False)

    assert policy.refusal("host", address, 80) is not None
    assert policy.refusal("host", "8.8.8.8", 80) is None


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.1", "ff02::1"])
def test_nothing_opens_unspecified_and_multicast_addresses(address: str) -> None:
    policy = EgressPolicy(Egress(allow=("0.0.0.0/0", "::/0", "host")))

    assert policy.refusal("host", address, 80) is not None


def test_allow_opens_what_it_names_and_nothing_else() -> None:
    policy = EgressPolicy(Egress(allow=("169.254.0.0/16",)))

    assert policy.refusal("host", "169.254.169.254", 80) is None
    assert policy.refusal("host", "fe80::1", 80) is not None


@pytest.mark.parametrize("entry", ["evil.test", ".test", "10.0.0.0/8", "10.1.2.3"])
def test_deny_closes_names_suffixes_and_networks(entry: str) -> None:
    policy = EgressPolicy(Egress(deny=(entry,)))

    assert policy.refusal("evil.test", "10.1.2.3", 80) is not None
    assert policy.refusal("good.example", "8.8.8.8", 80) is None


def test_allow_makes_exceptions_from_deny() -> None:
    policy = EgressPolicy(Egress(allow=("10.1.2.3",), deny=("10.0.0.0/8",)))

    assert policy.refusal("host", "10.1.2.3", 80) is None
    assert policy.refusal("host", "10.1.2.4", 80) is not None


def test_the_admin_listener_is_never_dialled() -> None:
    policy = EgressPolicy(Egress(allow=("127.0.0.0/8",)), forbidden=[("127.0.0.1", 8081)])

    assert policy.refusal("host", "127.0.0.1", 8081) is not None
    assert policy.refusal("host", "::ffff:127.0.0.1", 8081) is not None
    assert policy.refusal("host", "127.0.0.1", 8080) is None


def test_an_admin_listener_on_all_addresses_closes_each_of_this_machine() -> None:
    policy = EgressPolicy(
        Egress(), forbidden=[("0.0.0.0", 8081)], is_own=lambda address: address == "10.0.0.7"
    )

    refused = [policy.refusal("host", each, 8081) for each in ("127.0.0.2", "10.0.0.7")]

    assert None not in refused
    assert policy.refusal("host", "10.0.0.8", 8081) is None


def test_an_entry_that_is_no_network_is_refused_when_read() -> None:
    with pytest.raises(Invalid, match="is no network"):
        EgressPolicy(Egress(deny=("10.0.0.0/33",)))


def test_addresses_that_wrap_none_stay_as_they_are() -> None:
    from ipaddress import ip_address

    assert unwrap(ip_address("2001:db8::1")) == ip_address("2001:db8::1")
    assert unwrap(ip_address("::1")) == ip_address("::1")
