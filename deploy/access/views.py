"""Tokens as people write and read them, over HTTP and on the command line alike."""

from datetime import datetime, timedelta
from typing import Any

from broker.errors import Invalid
from deploy.access.token import Token
from deploy.config.mistakes import InvalidValue
from deploy.config.quantities import duration_seconds


def lifetime_of(text: str | None) -> timedelta | None:
    """How long a token counts; None for one without end. Raises Invalid."""
    if text is None:
        return None
    try:
        seconds = duration_seconds(text)
    except InvalidValue as error:
        raise Invalid(
            f"{text!r} {error.what}", code="bad-duration", where="expires", remedy="write P90D"
        ) from error
    if seconds < 1:
        raise Invalid(
            "a token counts for a second at least", where="expires", remedy="write P90D or such"
        )
    return timedelta(seconds=seconds)


def token_view(token: Token, is_usable: bool) -> dict[str, Any]:
    """What listings show: enough to know it by, nothing to sign in with."""
    state = "usable" if is_usable else "expired" if token.revoked_at is None else "revoked"
    return {
        "name": token.name,
        "role": token.role.word,
        "state": state,
        "prefix": f"hr_{token.prefix}",
        "created_at": _when(token.created_at),
        "expires_at": _when(token.expires_at),
        "revoked_at": _when(token.revoked_at),
        "last_used_at": _when(token.last_used_at),
    }


def _when(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
