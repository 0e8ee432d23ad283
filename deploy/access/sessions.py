"""Sessions of browsers: a cookie in place of a token, until it is signed out or too old.

Kept in memory by the SHA-256 of the cookie: a restart signs everybody out, and nothing that
is written anywhere lets anybody in. A session is its token's shadow: what the token may now
it may, and when that counts no more, neither does it.

Whoever finds a browser open must not do much with it: for acts on many a session has to have
proved its token a short time ago.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from broker.clock import Clock
from deploy.access.book import TokenBook
from deploy.access.roles import Principal
from deploy.access.token import prefix_of

LIFETIME = timedelta(hours=8)
PROOF_KEPT = timedelta(minutes=15)
SESSIONS_MAX = 256  # beyond, the one that was begun first ends
SECRET_BYTES = 32
Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Session:
    """`csrf` is what a form or a script of the console must repeat to change something."""

    csrf: str
    prefix: str  # of its token; empty where everybody is `local`
    ends_at: datetime | None  # None: as long as this process
    proved_at: datetime  # when its token was last given

    def proves(self, csrf: str) -> bool:
        """In a time that tells nothing of how much of it is right."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode("utf-8", "replace"))


class Sessions:
    """Those of one admin listener; a token given counts for acts on many for `proof_kept`."""

    def __init__(
        self,
        clock: Clock,
        random: Random = secrets.token_bytes,
        proof_kept: timedelta = PROOF_KEPT,
    ) -> None:
        self._clock = clock
        self.proof_kept = proof_kept
        self._random = random
        self._kept: dict[bytes, Session] = {}  # oldest first
        # Where nobody needs a token there is no cookie either; a foreign page cannot read this.
        self.local = Session(self._draw(), "", None, clock.now())

    def __len__(self) -> int:
        return len(self._kept)

    def begin(self, token: str) -> tuple[str, Session]:
        """The text of the cookie for whoever has just proved this token, and the session."""
        prefix = prefix_of(token)
        assert prefix is not None, "a token that signs in has its shape"
        cookie = self._draw()
        now = self._clock.now()
        session = Session(self._draw(), prefix, now + LIFETIME, now)
        if len(self._kept) >= SESSIONS_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[_digest(cookie)] = session
        return cookie, session

    def find(self, cookie: str, tokens: TokenBook) -> tuple[Session, Principal] | None:
        """The session of that cookie and who it stands for, while it and its token count."""
        key = _digest(cookie)
        session = self._kept.get(key)
        if session is None:
            return None
        by = tokens.standing_of(session.prefix)
        assert session.ends_at is not None, "only the local one has no end"
        if by is None or self._clock.now() >= session.ends_at:
            del self._kept[key]
            return None
        return session, by

    def is_recent(self, session: Session) -> bool:
        """Whether it may act on many; where nobody has a token there is none to give."""
        if session.ends_at is None:
            return True
        return self._clock.now() < session.proved_at + self.proof_kept

    def prove(self, cookie: str, token: str) -> bool:
        """Note that whoever holds the cookie has just signed in with this token once more.

        False where the session is of another token, or has ended: it goes on for nobody else.
        """
        key = _digest(cookie)
        session = self._kept.get(key)
        if session is None or session.prefix != prefix_of(token):
            return False
        self._kept[key] = replace(session, proved_at=self._clock.now())
        return True

    def end(self, cookie: str) -> bool:
        """Whether there was one."""
        return self._kept.pop(_digest(cookie), None) is not None

    def _draw(self) -> str:
        return base64.urlsafe_b64encode(self._random(SECRET_BYTES)).rstrip(b"=").decode()


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).digest()
