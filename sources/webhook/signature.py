"""Who sent a request: signatures over its very bytes in three styles, or a bearer token. Pure.

The styles sign alike (HMAC-SHA256 of something before the body, and the body) and differ in
where they say so:

    standardWebhooks  webhook-id, webhook-timestamp; webhook-signature: v1,BASE64 …  (several)
    github            X-Hub-Signature-256: sha256=HEX                                (no time)
    stripe            Stripe-Signature: t=SECONDS,v1=HEX,…                           (several)

Sources: Standard Webhooks 1.0 "Verifying signatures"; GitHub "Validating webhook deliveries";
Stripe "Verify webhook signatures manually"; RFC 6750 2.1.
"""

import binascii
import hmac
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from broker.errors import Invalid, Unauthorized
from broker.http_message import Request
from sources.webhook.options import Style, Verification

SIGNATURES_MAX = 8  # looked at in one request; more are refused
_KEY_BYTES_MIN, _KEY_BYTES_MAX = 24, 64  # Standard Webhooks: 192 to 512 bits
_SECONDS = re.compile(rb"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a head claims: these signatures, over `prefix` and the body, made at `unix_seconds`."""

    prefix: bytes
    signatures: Sequence[bytes]
    unix_seconds: int | None = None


class Verifier:
    """Judges requests by `verification`. Raises Invalid(code="invalid-secret") for a bad key.

    No refusal says what would have been right, and none repeats a secret or a body.
    """

    def __init__(self, verification: Verification) -> None:
        self._style = verification.style
        self._tolerance_seconds = verification.tolerance_seconds
        self._keys = tuple(_key(self._style, secret) for secret in verification.secrets)

    def judge_head(self, request: Request, now: datetime) -> None:
        """All that can be told before the body is read. Raises Unauthorized."""
        if self._style == "bearer":
            self._judge_token(request)
        else:
            self._claim(request, now)

    def judge_body(self, request: Request, now: datetime) -> None:
        """Whether the body is the one that was signed. Raises Unauthorized."""
        if self._style == "bearer":
            return
        claim = self._claim(request, now)
        if not any(
            hmac.compare_digest(expected, signature)
            for expected in [_digest(key, claim.prefix, request.body) for key in self._keys]
            for signature in claim.signatures
        ):
            raise _refused(
                "bad-signature",
                "the signature is not that of this body",
                "sign with the secret that is configured here, and send the body unchanged",
            )

    def _claim(self, request: Request, now: datetime) -> Claim:
        claim = _CLAIMS[self._style](request)
        if len(claim.signatures) > SIGNATURES_MAX:
            what = f"there are more than {SIGNATURES_MAX} signatures"
            raise _refused("bad-signature", what, "send those of keys that are in use")
        if claim.unix_seconds is not None:
            age_seconds = now.timestamp() - claim.unix_seconds
            if abs(age_seconds) > self._tolerance_seconds:
                raise _off_time(age_seconds, self._tolerance_seconds)
        return claim

    def _judge_token(self, request: Request) -> None:
        scheme, _, token = (request.header(b"authorization") or b"").partition(b" ")
        if scheme.lower() != b"bearer":
            what = "there is no bearer token"
            raise _refused("missing-token", what, "send Authorization: Bearer TOKEN")
        given = token.strip(b" ")
        if not any(hmac.compare_digest(key, given) for key in self._keys):
            what = "the bearer token is not known here"
            raise _refused("bad-token", what, "send the token that is configured here")


def _of_standard_webhooks(request: Request) -> Claim:
    event_id = _needed(request, b"webhook-id")
    if b"." in event_id:  # it ends the id in what is signed: part of a body could be taken for one
        raise _refused("bad-signature", "the id holds a full stop", "send another", "webhook-id")
    time = _needed(request, b"webhook-timestamp")
    values = _needed(request, b"webhook-signature").split(b" ")
    # Others than v1 are of keys that we have not: a sender may offer several kinds.
    found = [value.removeprefix(b"v1,") for value in values if value.startswith(b"v1,")]
    seconds = _seconds(time, "webhook-timestamp")
    return Claim(b"%b.%b." % (event_id, time), _decoded(found, _from_base64), seconds)


def _of_github(request: Request) -> Claim:
    value = _needed(request, b"x-hub-signature-256")
    found = [value.removeprefix(b"sha256=")] if value.startswith(b"sha256=") else []
    return Claim(b"", _decoded(found, binascii.unhexlify))


def _of_stripe(request: Request) -> Claim:
    values = _needed(request, b"stripe-signature").split(b",")
    parts = [value.strip().partition(b"=") for value in values]
    times = [value for name, _, value in parts if name == b"t"]
    if len(times) != 1:
        what = "the signature names no time, or several"
        raise _refused("bad-signature", what, "send t=SECONDS once", "stripe-signature")
    seconds = _seconds(times[0], "stripe-signature")
    found = [value for name, _, value in parts if name == b"v1"]
    return Claim(times[0] + b".", _decoded(found, binascii.unhexlify), seconds)


_CLAIMS: Mapping[Style, Callable[[Request], Claim]] = {
    "standardWebhooks": _of_standard_webhooks,
    "github": _of_github,
    "stripe": _of_stripe,
}


def _needed(request: Request, name: bytes) -> bytes:
    value = request.header(name)
    if not value:
        shown = name.decode()
        what = f"the header {shown} is missing"
        raise _refused("missing-signature", what, "sign what is sent here", shown)
    return value


def _seconds(text: bytes, where: str) -> int:
    if _SECONDS.fullmatch(text) is None:
        raise _refused(
            "bad-signature", "its time is no number of seconds", "send Unix seconds", where
        )
    return int(text)


def _decoded(texts: Iterable[bytes], decode: Callable[[bytes], bytes]) -> Sequence[bytes]:
    """The signatures among `texts`; at least one that can be read must be there."""
    signatures = []
    for text in texts:
        try:
            signatures.append(decode(text))
        except ValueError:
            continue  # it cannot be right, and another may be
    if not signatures:
        what = "there is no signature that can be read"
        raise _refused("bad-signature", what, "sign by HMAC-SHA256 in the style configured here")
    return signatures


def _from_base64(text: bytes) -> bytes:
    return b64decode(text, validate=True)


def _digest(key: bytes, prefix: bytes, body: bytes) -> bytes:
    keyed = hmac.new(key, prefix, "sha256")
    keyed.update(body)
    return keyed.digest()


def _key(style: Style, secret: str) -> bytes:
    if style != "standardWebhooks":
        if not secret:
            raise _invalid_secret("give a secret that is not empty")
        return secret.encode("utf-8", "surrogateescape")
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith("whsec_") or not _KEY_BYTES_MIN <= len(key) <= _KEY_BYTES_MAX:
        raise _invalid_secret("write whsec_ and 24 to 64 random bytes in base64")
    return key


def _invalid_secret(remedy: str) -> Invalid:
    what = "the secret of this source cannot be used"
    return Invalid(what, code="invalid-secret", where="verify", remedy=remedy)


def _off_time(age_seconds: float, tolerance_seconds: float) -> Unauthorized:
    side = "old" if age_seconds > 0 else "ahead of the time here"
    return _refused(
        "signature-time",
        f"the signature is {abs(age_seconds):.0f} s {side}, allowed are {tolerance_seconds:.0f} s",
        "send what is signed at once, and see that both clocks are right",
    )


def _refused(code: str, what: str, remedy: str, where: str | None = None) -> Unauthorized:
    return Unauthorized(what, code=code, where=where, remedy=remedy)
