"""TLS towards an API server: its CA, our certificate, and what goes wrong with either."""

import ssl
from tempfile import NamedTemporaryFile

from broker.errors import HeadraceError, Invalid, Unavailable
from sources.api_server.access import Access


def tls_context(access: Access) -> ssl.SSLContext:
    """Reads the system's CAs where none is given. Raises Invalid for what is no PEM."""
    try:
        context = ssl.create_default_context(cadata=access.authority)
    except (ssl.SSLError, ValueError) as error:
        what, remedy = "is no certificate in PEM", "give the CA that signed the server's"
        raise Invalid(what, where=access.authority_name, remedy=remedy) from error
    if access.certificate:
        _present(context, access.certificate + "\n" + (access.key or ""))
    return context


def _present(context: ssl.SSLContext, pem: str) -> None:
    """The module takes certificates from files only: one for us alone, gone at once."""
    try:
        with NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(pem)
            file.flush()
            context.load_cert_chain(file.name)
    except (ssl.SSLError, ValueError) as error:
        raise Invalid(
            "the client certificate and its key cannot be used",
            where="connection",
            remedy="give both in PEM, the key without a password",
        ) from error


def tls_error(error: BaseException, access: Access) -> HeadraceError | None:
    """Where TLS is why: the error to tell, with the CA that was asked. Else None."""
    cause: BaseException | None = getattr(error, "certificate_error", error)  # aiohttp wraps it
    while cause is not None and not isinstance(cause, ssl.SSLError | ssl.CertificateError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Invalid(
            f"the server's certificate is refused: {cause.verify_message}",
            where=access.url,
            remedy=f"it is checked against {access.authority_name}: give the CA that signed "
            "it, and the address that it is for",
        )
    reason = getattr(cause, "reason", None) or "no TLS"
    if "ALERT" in str(reason):
        remedy = "give a client certificate that its CA signed"
        return Invalid(f"the server ends TLS: {reason}", where=access.url, remedy=remedy)
    remedy = "check that the address speaks https"
    return Unavailable(f"no TLS with the server: {reason}", where=access.url, remedy=remedy)
