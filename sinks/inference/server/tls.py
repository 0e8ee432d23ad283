"""The TLS settings of one sink: its own CA, certificate and name; files are read when changed."""

import ssl
from pathlib import Path

from sinks.http_dial import Certificates, DialFailed
from sinks.inference_spec import TlsSpec


class ModelCertificates(Certificates):
    """As the client's, and for one sink; `server_name` is what the certificate is checked for."""

    def __init__(self, spec: TlsSpec) -> None:
        super().__init__(spec.ca_file)
        self._spec = spec
        self.server_name = spec.server_name
        self._stamps: tuple[int, ...] = ()
        self._own: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """Raises DialFailed where a file cannot be read or is none."""
        named = (self._spec.ca_file, self._spec.cert_file, self._spec.key_file)
        try:
            stamps = tuple(Path(name).stat().st_mtime_ns for name in named if name)
            if self._own is None or stamps != self._stamps:
                self._own, self._stamps = self._read(), stamps
        except (OSError, ssl.SSLError) as error:
            raise DialFailed(
                "tls",
                f"a certificate file of the sink cannot be used ({error.strerror})",
                remedy="name readable PEM files in spec.tls",
            ) from error
        return self._own

    def _read(self) -> ssl.SSLContext:
        context = super()._read()
        if self._spec.cert_file:
            context.load_cert_chain(self._spec.cert_file, self._spec.key_file)
        if not self._spec.is_verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
