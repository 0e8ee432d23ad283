"""An authority of the tests' own, with a certificate for servers and one for clients."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

DAYS = "3650"
KEYS = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"  # strict clients ask for them
SERVER = f"{KEYS}subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n"
CLIENT = f"{KEYS}extendedKeyUsage=clientAuth\n"
AUTHORITY = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: whom to trust, and what a client may show."""

    authority: Path
    server: Path  # key and certificates in one file
    server_key: Path
    client: Path  # the certificate
    client_key: Path


def make_certificates(folder: Path, client: str = "/O=readers/CN=dev") -> Certificates:
    """Make all of them in `folder` with the `openssl` program; `client` is the client's subject."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = folder / "authority.crt"
    extensions = [word for extension in AUTHORITY for word in ("-addext", extension)]
    _openssl("req", "-x509", *_new_key(folder / "authority.key"), "-subj", "/CN=headrace tests",
             "-days", DAYS, *extensions, "-out", str(authority))  # fmt: skip
    _sign(folder, "server", "/CN=localhost", SERVER)
    _sign(folder, "client", client, CLIENT)
    server = folder / "server.pem"
    server.touch(mode=0o600)
    server.write_text(
        (folder / "server.key").read_text()
        + (folder / "server.crt").read_text()
        + authority.read_text()
    )
    return Certificates(
        authority, server, folder / "server.key", folder / "client.crt", folder / "client.key"
    )


def _sign(folder: Path, name: str, subject: str, extensions: str) -> None:
    request, extra = folder / f"{name}.csr", folder / f"{name}.ext"
    extra.write_text(extensions)
    _openssl("req", *_new_key(folder / f"{name}.key"), "-subj", subject, "-out", str(request))
    _openssl("x509", "-req", "-in", str(request), "-CA", str(folder / "authority.crt"),
             "-CAkey", str(folder / "authority.key"), "-CAcreateserial", "-days", DAYS,
             "-extfile", str(extra), "-out", str(folder / f"{name}.crt"))  # fmt: skip


def _new_key(path: Path) -> list[str]:
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    return [*curve, "-nodes", "-keyout", str(path)]


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
