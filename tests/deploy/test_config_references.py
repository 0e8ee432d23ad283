"""${env:NAME} and ${file:path}: found, missing, and never shown."""

from pathlib import Path

import pytest

from broker.errors import InvalidConfig
from deploy.config.mistakes import InvalidValue
from deploy.config.read import read_configuration
from deploy.config.references import References

BROKER = "apiVersion: eventing.knative.dev/v1\nkind: Broker\nmetadata: {name: default}\n"
TRIGGER = (
    "---\napiVersion: eventing.knative.dev/v1\nkind: Trigger\nmetadata: {name: t}\nspec:\n"
    "  subscriber: {uri: 'http://host/${env:PLACE}'}\n"
)


def test_references_are_replaced_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0p\n")
    references = References({"HOST": "example.com"}, tmp_path)

    found = references.resolve("https://${env:HOST}/${file:token}?a=$b")

    assert found == "https://example.com/t0p?a=$b"


def test_what_a_reference_gives_is_not_looked_at_again(tmp_path: Path) -> None:
    references = References({"A": "${env:B}", "B": "secret"}, tmp_path)

    assert references.resolve("${env:A}") == "${env:B}"


def test_two_dollars_write_a_literal_reference(tmp_path: Path) -> None:
    assert References({}, tmp_path).resolve("$${env:A}") == "${env:A}"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("${env:MISSING}", "environment variable MISSING, which is not set"),
        ("${env:}", "names no environment variable"),
        ("${env:A-B}", "names no environment variable"),
        ("${file:missing}", "'missing', which cannot be read"),
        ("${file:.}", "which cannot be read"),
        ("${file:a\0b}", "which cannot be read"),
        ("${file:binary}", "is not UTF-8 text"),
        ("${file:large}", "is over 65536 bytes"),
        ("${HOME}", "cannot be read"),
        ("${env:A", "cannot be read"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"a" * 65_537)

    with pytest.raises(InvalidValue, match=what):
        References({"A": "1"}, tmp_path).resolve(text)


def test_a_missing_reference_is_a_mistake_at_its_place(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(BROKER + TRIGGER)

    with pytest.raises(InvalidConfig) as invalid:
        read_configuration([file], {})

    assert len(invalid.value.mistakes) == 1
    assert (
        ":9:21: spec.subscriber.uri: refers to the environment variable PLACE"
        in (invalid.value.mistakes[0])
    )


def test_without_resolving_references_are_left_and_all_else_is_judged(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    fields = "  delivery: {timeout: '${env:T}', signing: {secret: '${file:s}'}}\n"
    file.write_text(BROKER + TRIGGER + fields + "  filters: [{cesql: '${env:C}'}]\n")

    found = read_configuration([file], {}, resolve=False)

    assert list(found.triggers) == ["default/t"]


def test_a_literal_secret_is_refused_and_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(BROKER + TRIGGER + "  delivery: {signing: {secret: whsec_canary}}\n")

    with pytest.raises(InvalidConfig) as invalid:
        read_configuration([file], {"PLACE": "x"})

    assert "is a secret written into the configuration" in invalid.value.mistakes[0]
    assert "canary" not in "".join(invalid.value.mistakes)


@pytest.mark.parametrize(
    "fields",
    [
        "delivery: {signing: {secret: '${env:S}'}}",
        "delivery: {timeout: '${env:S}'}",
        "delivery: {format: '${env:S}'}",
        "delivery: {deadLetterSink: {uri: '${env:S}'}}",
        "filters: [{cesql: '${env:S} ='}]",
        "filters: [{exact: {'${env:S}': '${env:S}'}}]",
        "start: '${env:S}'",
        "broker: '${env:S}'",
        "order: {by: '${env:S}'}",
        "limits: {rate: '${env:S}'}",
    ],
)
def test_what_a_reference_gave_is_in_no_mistake(tmp_path: Path, fields: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(BROKER + TRIGGER + f"  {fields}\n")

    with pytest.raises(InvalidConfig) as invalid:
        read_configuration([file], {"PLACE": "x", "S": "Canary value"})

    assert "anary" not in "".join(invalid.value.mistakes) + repr(invalid.value)
