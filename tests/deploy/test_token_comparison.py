"""A token is compared by its digest, whole, and by nothing that stops at the first difference."""

from dataclasses import replace
from datetime import UTC, datetime

from deploy.access.roles import Role
from deploy.access.token import Token, digest, prefix_of, proves, write_token

TEXT = write_token(b"\x01" * 6, b"\xfb" * 32)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Watched(bytes):
    """Notes each comparison by `==`, which takes the longer the more of it is right."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        self.compared += 1
        return super().__eq__(other)

    __hash__ = bytes.__hash__


def test_no_comparison_of_a_token_tells_how_much_of_it_is_right() -> None:
    kept = Watched(digest(TEXT))
    prefix = prefix_of(TEXT)
    assert prefix is not None
    token = Token("ci", prefix, kept, Role.VIEWER, NOW)

    proofs = [proves(text, token) for text in (TEXT, TEXT[:-1] + "A", "")]

    assert proofs == [True, False, False]
    assert kept.compared == 0


def test_what_is_kept_of_a_token_does_not_sign_in() -> None:
    prefix = prefix_of(TEXT)
    assert prefix is not None
    token = Token("ci", prefix, digest(TEXT), Role.VIEWER, NOW)
    forged = [token.sha256.hex(), token.sha256.decode("latin-1"), prefix]

    assert not any(proves(text, token) for text in forged)
    assert TEXT.encode() not in token.sha256
    assert not proves(TEXT, replace(token, sha256=TEXT.encode())), "clear text would be compared"
