"""One token: `hr_<prefix>_<secret>`, shown once, kept as its prefix and the SHA-256 of all of it.

A slow hash is for passwords: 256 random bits cannot be guessed, however fast one tries.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime

from broker.errors import Invalid
from deploy.access.roles import Role

PREFIX_BYTES = 6
SECRET_BYTES = 32
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", re.ASCII)
RESERVED = frozenset({"local", "retention", "nobody"})  # who else stands in the audit
_SHAPE = re.compile(r"hr_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token; whoever reads it cannot sign in by it."""

    name: str
    prefix: str
    sha256: bytes
    role: Role
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None  # to the hour

    def is_usable(self, now: datetime) -> bool:
        """False once it is revoked or past its end."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def write_token(prefix: bytes, secret: bytes) -> str:
    """The text to show once, of 6 and 32 random bytes."""
    assert (len(prefix), len(secret)) == (PREFIX_BYTES, SECRET_BYTES)
    return f"hr_{prefix.hex()}_{base64.urlsafe_b64encode(secret).rstrip(b'=').decode()}"


def prefix_of(text: str) -> str | None:
    """The part that tells which token it is; None where `text` is no token at all."""
    match = _SHAPE.fullmatch(text)
    return match[1] if match else None


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def proves(text: str, token: Token) -> bool:
    """Whether `text` is the whole of `token`, in a time that tells nothing of how much of it."""
    return hmac.compare_digest(digest(text), token.sha256)


def check_name(name: str) -> str:
    """`name`, fit for the audit and for a path. Raises Invalid."""
    if NAME.fullmatch(name) is None or name in RESERVED:
        raise Invalid(
            f"{name[:64]!r} cannot be a token's name",
            code="bad-name",
            where="name",
            remedy="write up to 64 letters, digits, dots, dashes, such as ci-deploy; "
            f"not {', '.join(sorted(RESERVED))}",
        )
    return name
