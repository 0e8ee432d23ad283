"""Signatures of the Standard Webhooks specification, symmetric (`v1`)."""

import binascii
import hmac
from base64 import b64decode, b64encode

from broker.errors import Invalid
from sinks.spec import Signing

_PREFIX = "whsec_"
_KEY_BYTES_MIN = 24
_KEY_BYTES_MAX = 64


class Signer:
    """Signs bodies with the current secret, and with the previous one while rotating."""

    def __init__(self, signing: Signing) -> None:
        secrets = (
            (signing.secret,) if signing.previous is None else (signing.secret, signing.previous)
        )
        self._keys = tuple(_key(secret) for secret in secrets)

    def header(self, id: str, unix_seconds: int, body: bytes) -> bytes:
        """The three `webhook-` lines for exactly the bytes of `body`; `id` holds no dot."""
        signed = b"%s.%d.%s" % (id.encode("ascii"), unix_seconds, body)
        values = b" ".join(
            b"v1," + b64encode(hmac.digest(key, signed, "sha256")) for key in self._keys
        )
        return b"webhook-id: %s\r\nwebhook-timestamp: %d\r\nwebhook-signature: %s\r\n" % (
            id.encode("ascii"),
            unix_seconds,
            values,
        )


def _key(secret: str) -> bytes:
    try:
        key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not _KEY_BYTES_MIN <= len(key) <= _KEY_BYTES_MAX:
        raise Invalid(
            "the signing secret cannot be read",
            code="invalid-secret",
            remedy=f"write {_PREFIX} and 24 to 64 random bytes in base64",
        ) from None
    return key
