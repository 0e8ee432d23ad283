"""The TLS side of a connection, from PEM texts."""

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broker.errors import Invalid
from sources.kafka.options import Tls


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Checks the other side's certificate and name; raises Invalid where a text is no PEM."""
    part = "caCert"
    try:
        context = ssl.create_default_context(cadata=tls.authority)
        if tls.certificate is not None:
            part = "cert and key"
            _show(context, tls.certificate, tls.key or "")
    except (ssl.SSLError, ValueError) as error:
        raise Invalid(
            f"net.tls.{part} cannot be used",
            code="bad-certificate",
            where="net.tls",
            remedy="write PEM texts, such as ${file:client.crt}, and the key without a pass phrase",
        ) from error
    return context


def _show(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Have `context` show a client certificate."""
    with _as_file(f"{certificate}\n{key}\n") as path:
        # Without the function a key with a pass phrase would be asked for on the terminal.
        context.load_cert_chain(path, password=lambda: "")


@contextmanager
def _as_file(text: str) -> Iterator[str]:
    """A path that has `text` for a moment: OpenSSL takes keys from files only.

    In memory where the system can do that, so that no disk ever sees the key.
    """
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("key"), "w") as file:
            file.write(text)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        path.touch(0o600)
        path.write_text(text)
        yield str(path)
