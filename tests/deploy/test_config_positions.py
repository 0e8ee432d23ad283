"""YAML without surprises, and where everything stood."""

from typing import Any

import pytest

from deploy.config.mistakes import Findings
from deploy.config.positions import Document, read_documents


def read(text: str) -> tuple[list[Document], list[str]]:
    findings = Findings()
    documents = read_documents("a.yaml", text, findings)
    return documents, [str(mistake) for mistake in findings.mistakes]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("012", "012"),
        ("0x10", "0x10"),
        ("0o7", "0o7"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("9" * 5_000, "9" * 5_000),
        ("'true'", "true"),
        ('"12"', "12"),
    ],
)
def test_only_decimal_numbers_true_false_and_null_are_more_than_text(
    written: str, value: Any
) -> None:
    documents, mistakes = read(f"a: {written}\n")

    assert documents[0].value == {"a": value}
    assert type(documents[0].value["a"]) is type(value)
    assert not mistakes


@pytest.mark.parametrize("key", ["on", "no", "12", "2026-01-31", "null"])
def test_a_key_is_the_text_it_is_written_as(key: str) -> None:
    documents, _ = read(f"{key}: 1\n")

    assert documents[0].value == {key: 1}


def test_values_and_keys_know_their_line_and_column() -> None:
    documents, _ = read("spec:\n  list:\n    - {name: abc}\n")

    document = documents[0]

    assert (document.spot(("spec", "list", 0, "name")).line) == 3
    assert (document.spot(("spec", "list", 0, "name")).column) == 14
    assert (document.spot(("spec", "list", 0, "name"), of_key=True).column) == 8


def test_a_path_that_is_not_there_stands_where_it_should_have_been() -> None:
    documents, _ = read("spec:\n  a: 1\n")

    spot = documents[0].spot(("spec", "b", "c"))

    assert (spot.line, spot.column) == (2, 3)


@pytest.mark.parametrize(
    ("written", "column"),
    [("abc", 4), ('"abc"', 5), ("'abc'", 5), ('"a\\nc"', None), ("|\n  abc", None)],
)
def test_columns_in_a_text_are_known_where_nothing_was_escaped(
    written: str, column: int | None
) -> None:
    documents, _ = read(f"a: {written}\n")

    assert documents[0].spot(("a",)).text_column == column


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("a: &x 1\nb: *x\n", "a.yaml:2:4: b: is an alias"),
        ("a: {x: 1}\n<<: {y: 2}\n", "<<: is a merge"),
        ("a: !!python/object:os.system x\n", "a.yaml:1:4: a: has a tag"),
        ("a: !!binary aGk=\n", "a.yaml:1:4: a: has a tag"),
        ("a: 1\nb: 2\na: 3\n", "a.yaml:3:1: a: stands a second time, first in line 1"),
        ("? [1, 2]\n: 3\n", "has a key that is no text"),
        ("a:\n\tb: 1\n", "is no YAML"),
        ("a: [1, 2\n", "is no YAML"),
        ("a: \x07\n", "a.yaml:1:4: is no YAML"),
        ("[" * 100, "levels deep"),
    ],
)
def test_what_yaml_hides_is_a_mistake_with_its_place(text: str, mistake: str) -> None:
    _, mistakes = read(text)

    assert len(mistakes) == 1
    assert mistake in mistakes[0]


def test_a_merge_key_in_quotes_is_a_name_like_any_other() -> None:
    documents, mistakes = read('"<<": 1\n')

    assert documents[0].value == {"<<": 1}
    assert not mistakes


def test_every_mistake_of_form_is_found_in_one_reading() -> None:
    _, mistakes = read("a: &x 1\nb: *x\nb: 2\n---\nc: !t 1\n---\nd: [\n")

    assert [mistake.split(": ")[0] for mistake in mistakes] == [
        "a.yaml:2:4", "a.yaml:3:1", "a.yaml:5:4", "a.yaml:8:1",
    ]  # fmt: skip


def test_documents_before_a_syntax_error_are_still_read() -> None:
    documents, mistakes = read("a: 1\n---\nb: [\n")

    assert [document.value for document in documents if not document.broken] == [{"a": 1}]
    assert len(mistakes) == 1


def test_empty_documents_are_left_out() -> None:
    documents, mistakes = read("---\n---\na: 1\n---\n# nothing\n")

    assert [document.value for document in documents] == [{"a": 1}]
    assert not mistakes


def test_a_file_of_very_many_values_is_refused_where_they_become_too_many() -> None:
    _, mistakes = read("[" + "1," * 260_000 + "]")

    assert mistakes == ["a.yaml:1:500000: [249999]: is one of over 250000 values; split the file"]


def test_fifty_thousand_levels_are_refused_at_once() -> None:
    _, mistakes = read("a: " + "[" * 50_000)

    assert len(mistakes) == 1


def test_an_alias_bomb_is_refused_and_never_built() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]

    _, mistakes = read("a0: &a0 [1, 1]\n" + "\n".join(levels))

    assert len(mistakes) == 8 * 9
    assert all("is an alias" in mistake for mistake in mistakes)
