"""Certificates made by openssl: an authority, and servers it vouches for."""

import ssl
import subprocess
from pathlib import Path


class Authority:
    """`ca_file` vouches for what `server_context` presents."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.ca_file = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        self._folder = folder
        self._made = 0
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", str(self._key), "-out", str(self.ca_file), "-subj", f"/CN={name}"),
            *("-days", "2", "-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )

    def server_context(self, host: str, *, is_expired: bool = False) -> ssl.SSLContext:
        self._made += 1
        key, certificate, asked, names = (
            self._folder / f"{self.ca_file.stem}-{self._made}.{suffix}"
            for suffix in ("key", "pem", "csr", "ext")
        )
        kind = "IP" if host[0].isdigit() else "DNS"
        # What RFC 5280 asks of a certificate: Python 3.13 judges by it.
        names.write_text(
            f"subjectAltName={kind}:{host}\nauthorityKeyIdentifier=keyid\n"
            "subjectKeyIdentifier=hash\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n"
        )
        _openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", str(key), "-out", str(asked), "-subj", "/CN=server"),
        )
        _openssl(
            *("x509", "-req", "-in", str(asked), "-CA", str(self.ca_file), "-CAkey"),
            *(str(self._key), "-CAcreateserial", "-out", str(certificate), "-extfile"),
            *(str(names), "-days", "-1" if is_expired else "2"),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
