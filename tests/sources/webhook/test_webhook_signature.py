"""Who sent it: the three styles against signers by others, tokens, times, rotation."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import Invalid, Unauthorized
from broker.http_message import Request
from sources.webhook.options import Style, Verification
from sources.webhook.signature import SIGNATURES_MAX, Verifier
from tests.sources.webhook.sending import KEY, OLD_KEY, github, request, standard, stripe

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BODY = '{"a": "é"}'.encode()
TOKEN = "t" * 32
SECRETS: dict[Style, str] = {
    "standardWebhooks": KEY,
    "github": "shared",
    "stripe": "whsec_abc",
    "bearer": TOKEN,
}
SIGNED: dict[Style, Callable[[], dict[str, str]]] = {
    "standardWebhooks": lambda: standard(BODY, NOW),
    "github": lambda: github(BODY),
    "stripe": lambda: stripe(BODY, NOW),
    "bearer": lambda: {"Authorization": f"Bearer {TOKEN}"},
}


def judge(style: Style, made: Request, *secrets: str, now: datetime = NOW) -> str | None:
    """The code of the refusal, None where it is taken."""
    verifier = Verifier(Verification(style, secrets or (SECRETS[style],)))
    refusal: Unauthorized | None = None
    try:
        verifier.judge_head(made, now)
        verifier.judge_body(made, now)
    except Unauthorized as error:
        refusal = error
    assert not any(secret in str(refusal) for secret in (*secrets, SECRETS[style]))
    return None if refusal is None else refusal.code


@pytest.mark.parametrize("style", SIGNED)
def test_what_a_sender_of_the_style_signs_is_taken(style: Style) -> None:
    assert judge(style, request(SIGNED[style](), BODY)) is None


@pytest.mark.parametrize("style", ["standardWebhooks", "github", "stripe"])
def test_another_body_is_refused(style: Style) -> None:
    assert judge(style, request(SIGNED[style](), BODY + b" ")) == "bad-signature"


@pytest.mark.parametrize("style", SIGNED)
def test_an_unsigned_request_is_refused_from_its_head(style: Style) -> None:
    verifier = Verifier(Verification(style, (SECRETS[style],)))

    with pytest.raises(Unauthorized) as raised:
        verifier.judge_head(request({}, BODY), NOW)

    assert raised.value.code.startswith("missing-")
    assert raised.value.remedy


@pytest.mark.parametrize("style", SIGNED)
def test_the_previous_secret_is_good_while_rotating_and_no_third(style: Style) -> None:
    new = OLD_KEY if style == "standardWebhooks" else "another" * 4
    made = request(SIGNED[style](), BODY)

    taken = judge(style, made, new, SECRETS[style])
    refused = judge(style, made, new)

    assert taken is None
    assert refused in {"bad-signature", "bad-token"}


@pytest.mark.parametrize("style", ["standardWebhooks", "stripe"])
@pytest.mark.parametrize("seconds", [-301, -299, 0, 299, 301])
def test_a_signed_time_counts_within_the_tolerance_to_either_side(
    style: Style, seconds: int
) -> None:
    now = NOW + timedelta(seconds=seconds)

    told = judge(style, request(SIGNED[style](), BODY), now=now)

    assert told == ("signature-time" if abs(seconds) > 300 else None)


def test_one_good_signature_among_several_is_enough() -> None:
    signed = standard(BODY, NOW)
    old = standard(BODY, NOW, key=OLD_KEY)["webhook-signature"]
    good = signed["webhook-signature"]

    told = [
        judge("standardWebhooks", request({**signed, "webhook-signature": text}, BODY))
        for text in (f"{old} {good}", f"v1a,xyz {good}", f"v1,!!! {good}", old, f"v2,{good[3:]}")
    ]

    assert told == [None, None, None, "bad-signature", "bad-signature"]


def test_more_signatures_than_anybody_rotates_are_refused() -> None:
    signed = standard(BODY, NOW)
    good = signed["webhook-signature"]
    many = {**signed, "webhook-signature": " ".join([good] * (SIGNATURES_MAX + 1))}

    assert judge("standardWebhooks", request(many, BODY)) == "bad-signature"


@pytest.mark.parametrize("time", ["", "-1", "1.5", "0x10", "abc", "9" * 13, "١٢٣"])
def test_a_time_that_is_no_number_of_seconds_is_refused(time: str) -> None:
    signed = {**standard(BODY, NOW), "webhook-timestamp": time}

    assert judge("standardWebhooks", request(signed, BODY)) in {
        "bad-signature",
        "missing-signature",
    }


def test_part_of_a_body_cannot_be_passed_off_as_a_time() -> None:
    body = b"1772366400.rest"
    signed = standard(body, NOW)
    seconds = signed["webhook-timestamp"]

    forged = {**signed, "webhook-id": f"msg1.{seconds}", "webhook-timestamp": "1772366400"}

    assert judge("standardWebhooks", request(forged, b"rest")) == "bad-signature"


@pytest.mark.parametrize(
    "value", ["t=1", "v1=aa", "t=1,t=1,v1=aa", "t=1,v0=aa", "t=x,v1=aa", "t=1,v1=zz", ",", "=,="]
)
def test_a_stripe_header_without_one_time_and_a_signature_is_refused(value: str) -> None:
    made = request({"Stripe-Signature": value}, BODY)

    assert judge("stripe", made, now=datetime.fromtimestamp(1, UTC)) == "bad-signature"


@pytest.mark.parametrize("value", ["", "sha1=aa", "sha256=", "sha256=xx", "SHA256=aa"])
def test_a_github_header_that_is_no_sha256_is_refused(value: str) -> None:
    made = request({"X-Hub-Signature-256": value}, BODY)

    assert judge("github", made) in {"bad-signature", "missing-signature"}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (f"bearer  {TOKEN}", None),
        (f"Bearer {TOKEN}x", "bad-token"),
        ("Bearer", "bad-token"),
        (f"Basic {TOKEN}", "missing-token"),
        (TOKEN, "missing-token"),
    ],
)
def test_a_token_counts_whole_and_after_its_scheme(value: str, code: str | None) -> None:
    assert judge("bearer", request({"Authorization": value}, BODY)) == code


@pytest.mark.parametrize("secret", ["", "plain", "whsec_!!", "whsec_c2hvcnQ="])
def test_a_standard_key_that_cannot_be_used_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(Invalid) as raised:
        Verifier(Verification("standardWebhooks", (secret,)))

    assert raised.value.code == "invalid-secret"
    assert not secret or secret not in str(raised.value)


@pytest.mark.parametrize("style", ["standardWebhooks", "github", "stripe", "bearer"])
@given(data=st.data())
def test_no_head_that_was_not_signed_is_taken_or_ends_otherwise(
    style: Style, data: st.DataObject
) -> None:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature", "x-hub-signature-256",
             "stripe-signature", "authorization")  # fmt: skip
    texts = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=60)
    headers = data.draw(st.dictionaries(st.sampled_from(names), texts))
    made = request({}, BODY)
    made.headers = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]

    assert judge(style, made) is not None
