import base64
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from broker.errors import Invalid
from sinks.signing import Signer
from sinks.spec import Signing

NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
BODY = b'{"a": "\xc3\xa9"}'


def signed(signing: Signing, unix_seconds: int) -> dict[str, str]:
    lines = Signer(signing).header("delivery1", unix_seconds, BODY).decode()
    return dict(line.split(": ", 1) for line in lines.splitlines())


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_a_peer_verifies_with_the_new_and_with_the_previous_secret(secret: str) -> None:
    headers = signed(Signing(NEW, OLD), int(time.time()))

    Webhook(secret).verify(BODY, headers)

    assert headers["webhook-id"] == "delivery1"


def test_a_peer_refuses_another_body_and_an_old_stamp() -> None:
    fresh, stale = (signed(Signing(NEW), int(time.time()) - age) for age in (0, 600))

    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY + b" ", fresh)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY, stale)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "plain",
        "whsec_!!!",
        NEW.removeprefix("whsec_"),
        "whsec_" + base64.b64encode(b"short").decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(Invalid) as raised:
        Signer(Signing(secret))

    assert raised.value.code == "invalid-secret"
    assert not secret or secret not in str(raised.value)
