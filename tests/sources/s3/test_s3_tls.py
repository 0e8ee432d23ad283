"""TLS to the server: whom a source trusts, what it shows, and what it says where it cannot."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from broker.errors import Invalid
from sources.s3.options import S3Options, Tls
from sources.s3.source import S3Source
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.minio import MinioServer
from tests.sources.inside import Inside
from tests.sources.s3.front import fronted
from tests.sources.s3.peer import options_of, spec_of
from tests.sources.s3.watching import told, watch


def context_of(certificates: Certificates) -> ssl.SSLContext:
    """That of a server which asks its clients for a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server)
    context.load_verify_locations(certificates.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def pass_all(_: web.Request) -> None:
    return None


async def test_tls_is_with_the_authority_and_the_certificate_that_are_named(
    inside: Inside, minio: MinioServer, bucket: str, tmp_path: Path
) -> None:
    files = make_certificates(tmp_path)
    tls = Tls(str(files.authority), str(files.client), str(files.client_key))
    minio.put(bucket, "key", b"1")

    async with fronted(minio, pass_all, context_of(files)) as url:
        await watch(inside, replace(options_of(minio, bucket), endpoint=url, tls=tls))
        await inside.until_stored(1)
        await inside.stop()

    assert await told(inside) == [("Listed", "key")]


async def test_a_certificate_that_nobody_trusts_ends_the_run_with_its_remedy(
    inside: Inside, minio: MinioServer, bucket: str, tmp_path: Path
) -> None:
    files = make_certificates(tmp_path)

    async with fronted(minio, pass_all, context_of(files)) as url:
        source = S3Source(
            spec_of(replace(options_of(minio, bucket), endpoint=url)), inside.supplies
        )
        with pytest.raises(Invalid) as caught:
            await source.check()

    assert caught.value.code == "tls"
    assert "tls.caFile" in (caught.value.remedy or "")


async def test_a_tls_file_that_cannot_be_read_is_named_as_the_fault(
    inside: Inside, tmp_path: Path
) -> None:
    options = S3Options("photos", "https://127.0.0.1", tls=Tls(str(tmp_path / "no-such.pem")))

    with pytest.raises(Invalid) as caught:
        await S3Source(spec_of(options), inside.supplies).check()

    assert caught.value.where == "spec.tls"
