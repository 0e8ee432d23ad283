"""Service account tokens signed anew: what a token looks like when its time is over."""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any


def make_key(path: Path) -> None:
    """An RSA key in PEM, by the `openssl` program."""
    path.touch(mode=0o600)
    subprocess.run(
        ["openssl", "genrsa", "-out", str(path), "2048"], check=True, capture_output=True
    )


def sign_again(token: str, key: Path, **claims: Any) -> str:
    """The same JSON Web Token with other `claims`, signed RS256 with its issuer's `key`.

    Source: RFC 7515, compact serialization.
    """
    header, payload, _ = token.split(".")
    changed = _encode(json.dumps(json.loads(_decode(payload)) | claims).encode())
    signed = f"{header}.{changed}"
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", str(key)],
        input=signed.encode(),
        check=True,
        capture_output=True,
    ).stdout
    return f"{signed}.{_encode(signature)}"


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
