"""Who may read: passwords, certificates, and what is said where they are wrong."""

from pathlib import Path

import pytest

from broker.errors import Denied, HeadraceError, Invalid
from sources.kafka.options import Mechanism, Sasl, Tls
from sources.kafka.tls import tls_context
from tests.servers.kafka import Kafka
from tests.sources.kafka.reading import Reading

MECHANISMS: tuple[Mechanism, ...] = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def trusting(kafka: Kafka) -> Tls:
    return Tls(kafka.certificates.authority.read_text())


def known(kafka: Kafka) -> Tls:
    made = kafka.certificates
    return Tls(made.authority.read_text(), made.client.read_text(), made.client_key.read_text())


async def reads(reading: Reading) -> list[bytes | None]:
    await reading.create()
    await reading.produce([b"seen"])
    await reading.begin()
    return await reading.data(1)


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_each_mechanism_lets_a_known_user_in(reading: Reading, mechanism: Mechanism) -> None:
    kafka = reading.kafka
    reading.change(
        servers=(kafka.sasl_tls_bootstrap,),
        sasl=Sasl(mechanism, kafka.user, kafka.password),
        tls=trusting(kafka),
    )

    assert await reads(reading) == [b"seen"]
    assert reading.inside.notices == []


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_wrong_password_is_denied_and_never_shown(
    reading: Reading, mechanism: Mechanism
) -> None:
    sasl = Sasl(mechanism, reading.kafka.user, "not-the-word")
    reading.change(servers=(reading.kafka.sasl_bootstrap,), sasl=sasl)

    error = await reading.failure()

    assert isinstance(error, Denied)
    assert error.code == "sasl-refused"
    assert error.remedy is not None
    assert "net.sasl.password" in error.remedy
    assert "not-the-word" not in f"{error!r} {error} {error.__cause__} {reading.spec!r}"


async def test_a_password_without_tls_is_noticed(reading: Reading) -> None:
    kafka = reading.kafka
    sasl = Sasl("SCRAM-SHA-512", kafka.user, kafka.password)
    reading.change(servers=(kafka.sasl_bootstrap,), sasl=sasl)

    assert await reads(reading) == [b"seen"]
    assert "unencrypted" in reading.inside.notices[0]


async def test_a_client_certificate_is_shown_where_kafka_asks_for_one(reading: Reading) -> None:
    reading.change(servers=(reading.kafka.mutual_tls_bootstrap,), tls=known(reading.kafka))

    assert await reads(reading) == [b"seen"]


async def test_a_missing_client_certificate_is_said(reading: Reading) -> None:
    reading.change(servers=(reading.kafka.mutual_tls_bootstrap,), tls=trusting(reading.kafka))

    error = await reading.failure()

    assert isinstance(error, HeadraceError)
    assert error.remedy is not None
    assert "net.tls" in error.remedy


async def test_a_certificate_of_an_unknown_authority_is_refused(reading: Reading) -> None:
    reading.change(servers=(reading.kafka.tls_bootstrap,), tls=Tls())

    error = await reading.failure()

    assert isinstance(error, Denied)
    assert error.code == "certificate-refused"
    assert error.remedy is not None
    assert "net.tls.caCert" in error.remedy


@pytest.mark.parametrize("is_tls", [True, False])
async def test_the_wrong_listener_is_said(reading: Reading, is_tls: bool) -> None:
    kafka = reading.kafka
    if is_tls:
        reading.change(servers=(kafka.bootstrap,), tls=trusting(kafka))
    else:
        reading.change(servers=(kafka.tls_bootstrap,), request_seconds=2.0)

    error = await reading.failure()

    assert isinstance(error, HeadraceError)
    assert error.remedy


async def test_a_listener_that_asks_for_a_password_is_said(reading: Reading) -> None:
    reading.change(servers=(reading.kafka.sasl_bootstrap,), request_seconds=2.0)

    error = await reading.failure()

    assert isinstance(error, HeadraceError)
    assert error.remedy is not None
    assert "net.sasl" in error.remedy


async def test_a_refusal_says_more_than_a_server_that_is_down(reading: Reading) -> None:
    sasl = Sasl("PLAIN", reading.kafka.user, "not-the-word")
    servers = (reading.kafka.sasl_bootstrap, "127.0.0.1:1")
    reading.change(servers=servers, sasl=sasl)

    assert isinstance(await reading.failure(), Denied)


async def test_any_server_that_answers_will_do(reading: Reading) -> None:
    reading.change(servers=("127.0.0.1:1", reading.kafka.bootstrap))

    assert await reads(reading) == [b"seen"]


@pytest.mark.parametrize(
    "tls", [Tls("no PEM"), Tls(None, "no PEM", "none either")], ids=["authority", "certificate"]
)
def test_what_is_no_pem_is_told_without_showing_it(tls: Tls) -> None:
    with pytest.raises(Invalid) as caught:
        tls_context(tls)

    assert caught.value.where == "net.tls"
    assert "no PEM" not in str(caught.value)


def test_a_key_leaves_no_file_behind(kafka: Kafka, tmp_path: Path) -> None:
    before = set(tmp_path.parent.iterdir())

    tls_context(known(kafka))

    assert set(tmp_path.parent.iterdir()) == before
