"""The documents are true: what they name exists, and what they tell to type works."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cli import COMMANDS, main
from tests.house.source import PACKAGES, Module, section_rows

DOCUMENTS = {
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "DECISIONS.md",
    "GLOSSARY.md",
    "README.md",
}
# CHANGELOG and DECISIONS speak of the past; the others of what is.
PRESENT = DOCUMENTS - {"CHANGELOG.md", "DECISIONS.md"}
CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
PATH = re.compile(rf"(?:{'|'.join(PACKAGES)}|tests|requirements|\.ci)/[\w./{{}},-]*")


def code(text: str) -> Iterator[str]:
    """The content of every code block and code word."""
    for block, word in CODE.findall(text):
        yield (block or word).replace("\\\n", " ")


def commands(text: str) -> Iterator[list[str]]:
    """The words of every `headrace …` command line in the code of a document."""
    for block in code(text):
        for line in block.splitlines():
            for part in re.split(r"\||&&|;|#", line):
                words = part.split()
                while words and ("=" in words[0] or words[0] in ("$", "nohup", "exec")):
                    words = words[1:]
                if words[:1] == ["headrace"] and words[1:]:
                    yield words[1:]


def paths(text: str) -> Iterator[str]:
    """Every path below a folder of this repository, `{a,b}` written out."""
    for block in code(text):
        for found in PATH.findall(block):
            yield from spread(found.rstrip(".,"))


def spread(path: str) -> Iterator[str]:
    """`a/{b,c}` as `a/b` and `a/c`."""
    braces = re.search(r"\{([^{}]*)\}", path)
    if braces is None:
        yield path
        return
    for choice in braces[1].split(","):
        yield from spread(path[: braces.start()] + choice + path[braces.end() :])


def test_every_document_is_there(documents: dict[str, str]) -> None:
    missing = {name for name in DOCUMENTS if len(documents.get(name, "")) < 200}

    assert not missing, f"{sorted(missing)} missing or empty"


@pytest.mark.parametrize("name", sorted(PRESENT))
def test_every_path_that_a_document_names_exists(
    root: Path, documents: dict[str, str], name: str
) -> None:
    gone = [
        path
        for path in paths(documents.get(name, ""))
        if not any((root / (path + end)).exists() for end in ("", ".py"))
    ]

    assert not gone, f"{name} names {gone}; remedy: name what took its place"


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_link_within_the_repository_leads_somewhere(
    root: Path, documents: dict[str, str], name: str
) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", documents.get(name, ""))

    broken = [link for link in links if "://" not in link and not (root / link).exists()]

    assert not broken, f"{name} links to {broken}"


@pytest.mark.parametrize("name", sorted(PRESENT))
def test_every_command_that_a_document_tells_to_type_works(
    documents: dict[str, str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in commands(documents.get(name, "")):
        if words[0].startswith("-"):
            continue
        assert words[0] in COMMANDS, f"{name}: there is no `headrace {words[0]}`"
        asked = words[:2] if COMMANDS[words[0]].group and is_name(words[1:2]) else words[:1]

        with pytest.raises(SystemExit) as ended:
            main([*asked, "--help"])

        told = capsys.readouterr().out
        unknown = [word for word in words if word.startswith("--") and flag(word) not in told]
        assert ended.value.code == 0, f"{name}: `headrace {' '.join(words)}` is no command"
        assert not unknown, f"{name}: `headrace {' '.join(words)}` has no {unknown}"


def is_name(words: list[str]) -> bool:
    return bool(words) and re.fullmatch(r"[a-z][a-z-]*", words[0]) is not None


def flag(word: str) -> str:
    return re.split(r"[=\])|]", word)[0]


@pytest.mark.parametrize("name", sorted(PRESENT))
def test_every_make_target_that_a_document_names_is_one(
    root: Path, documents: dict[str, str], name: str
) -> None:
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))

    named = {
        word
        for block in code(documents.get(name, ""))
        for line in re.findall(r"(?:^|\s)make((?: [a-z]+)+)", block)
        for word in line.split()
    }

    assert named <= targets, f"{name}: no such target: {sorted(named - targets)}"


def test_the_architecture_names_every_folder(
    documents: dict[str, str], modules: list[Module]
) -> None:
    told = documents.get("ARCHITECTURE.md", "")
    folders = {module.path.parent for module in modules}

    unnamed = sorted(
        str(folder)
        for folder in folders
        if re.search(rf"\b{re.escape(folder.name)}\b", told) is None
    )

    assert not unnamed, f"ARCHITECTURE.md says nothing of {unnamed}"


def test_the_readme_shows_every_command(documents: dict[str, str]) -> None:
    told = documents.get("README.md", "")

    shown = {command.where for name, command in COMMANDS.items() if f"headrace {name}" in told}

    unnamed = [name for name, command in COMMANDS.items() if command.where not in shown]
    assert not unnamed, f"README.md never says `headrace …` with {unnamed}"


def test_the_changelog_has_its_form(documents: dict[str, str]) -> None:
    told = documents.get("CHANGELOG.md", "")

    headings = set(re.findall(r"^### (.+)$", told, re.MULTILINE))

    assert re.search(r"^## \[Unreleased\]$", told, re.MULTILINE)
    assert headings <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_no_name_uses_a_word_that_the_glossary_rules_out(
    documents: dict[str, str], modules: list[Module]
) -> None:
    rows = section_rows(documents.get("GLOSSARY.md", ""), "Not these words")
    allowed = {row[0].strip("`"): set(re.findall(r"`([\w/.]+)`", row[2])) for row in rows}
    assert allowed, "GLOSSARY.md has no table under 'Not these words'"

    used = [
        f"{module.path}: {name} ({word})"
        for module in modules
        for name in defined(module)
        for word in re.split(r"_|(?<=[a-z])(?=[A-Z])", name)
        if word.lower() in allowed and str(module.path) not in allowed[word.lower()]
    ]

    assert not used, f"{used}; remedy: the glossary's word, or a row saying where it is right"


def defined(module: Module) -> Iterator[str]:
    """The module's own name and those of its functions and classes."""
    yield module.path.stem
    yield from re.findall(r"^\s*(?:async )?(?:def|class) (\w+)", module.text, re.MULTILINE)
