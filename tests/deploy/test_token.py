"""Tokens: what is shown, what is kept, and how failures to sign in are counted."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.errors import Invalid
from deploy.access.failures import ADDRESSES_MAX, FAILURES_MAX, NOTES_MAX, Failures, network_of
from deploy.access.roles import Role, role_of
from deploy.access.token import Token, check_name, digest, prefix_of, proves, write_token
from deploy.access.views import lifetime_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TEXT = write_token(b"\x01" * 6, b"\xfb" * 32)


def token(text: str = TEXT, **facts: datetime) -> Token:
    prefix = prefix_of(text)
    assert prefix is not None
    return Token("ci", prefix, digest(text), Role.VIEWER, NOW, **facts)


def test_a_token_shows_its_prefix_and_holds_256_bits() -> None:
    head, prefix, secret = TEXT.split("_", 2)

    assert (head, prefix, len(secret)) == ("hr", "010101010101", 43)
    assert prefix_of(TEXT) == prefix


@pytest.mark.parametrize("secret", [b"\xff" * 32, b"\xfb\xef\xbe" * 10 + b"\xfb\xef", b"\x00" * 32])
def test_a_secret_of_any_bits_is_read_back(secret: bytes) -> None:
    assert prefix_of(write_token(b"abcdef", secret)) == b"abcdef".hex()


@pytest.mark.parametrize(
    "text", ["", "hr_", "hr_010101010101_", TEXT + "x", TEXT[:-1], TEXT.upper(), f" {TEXT}", "ü"]
)
def test_what_is_no_token_has_no_prefix(text: str) -> None:
    assert prefix_of(text) is None


def test_only_the_whole_text_proves_a_token() -> None:
    kept = token()

    proofs = [proves(text, kept) for text in (TEXT, TEXT[:-1] + "A", kept.sha256.hex(), "")]

    assert proofs == [True, False, False, False]
    assert TEXT[16:] not in repr(kept)


def test_a_token_counts_until_its_end_or_until_it_is_revoked() -> None:
    ends = token(expires_at=NOW + timedelta(seconds=1))
    revoked = token(revoked_at=NOW)

    usable = [ends.is_usable(NOW), ends.is_usable(NOW + timedelta(seconds=1))]

    assert (usable, revoked.is_usable(NOW)) == ([True, False], False)


@pytest.mark.parametrize("name", ["", "a/b", "-x", "x" * 65, "a b", "local", "retention", "é"])
def test_a_name_that_the_audit_could_not_tell_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_name(name)

    assert refused.value.code == "bad-name"


def test_roles_are_written_as_the_command_line_says_them() -> None:
    words = [role.word for role in Role]

    assert words == ["viewer-without-payload", "viewer", "operator", "admin"]
    assert [role_of(word) for word in words] == list(Role)


@pytest.mark.parametrize("text", ["90", "P1Y", "PT0S", "-P1D", "P99999D"])
def test_a_lifetime_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        lifetime_of(text)

    assert refused.value.where == "expires"


def test_after_ten_failures_an_address_waits_for_the_next_minute() -> None:
    failures = Failures()

    for _ in range(FAILURES_MAX):
        assert failures.wait_seconds("192.0.2.1", 100.0) == 0
        failures.add("192.0.2.1", 100.0)

    waits = [failures.wait_seconds("192.0.2.1", now) for now in (100.0, 130.0, 160.0)]
    assert waits == [60.0, 30.0, 0.0]
    assert failures.wait_seconds("192.0.2.2", 100.0) == 0


def test_of_many_failures_few_are_written_and_all_are_counted() -> None:
    failures = Failures()

    notes = [failures.add(f"192.0.2.{n % 50}", 100.0) for n in range(500)]
    later = failures.add("192.0.2.77", 161.0)

    assert len([count for count in notes if count]) == NOTES_MAX
    assert sum(notes) + later == 501


def test_what_is_known_of_addresses_is_bounded() -> None:
    failures = Failures()

    for n in range(ADDRESSES_MAX + 10):
        failures.add(f"10.0.{n // 256}.{n % 256}", 100.0)

    assert len(failures._windows) == ADDRESSES_MAX


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_host_is_counted_by_the_network_it_is_given(address: str, network: str) -> None:
    assert network_of(address) == network
