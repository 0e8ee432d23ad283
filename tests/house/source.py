"""The house as text: its packages parsed once, and what they call by a literal name."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGES = ("broker", "sources", "triggers", "sinks", "deploy")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file; `path` is relative to the root, `name` as one imports it."""

    path: Path
    text: str = field(repr=False)
    tree: ast.Module = field(repr=False)

    @property
    def name(self) -> str:
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def functions(self) -> Iterator[Function]:
        """All functions and methods, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of all that is imported, wherever in the file."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.lineno, node.module or "."
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)

    def calls(self, function: str) -> Iterator[ast.Call]:
        """Calls of `function`, or of a method of that name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                called = node.func
                name = called.attr if isinstance(called, ast.Attribute) else ""
                if isinstance(called, ast.Name):
                    name = called.id
                if name == function:
                    yield node

    def strings(self) -> Iterator[tuple[int, str]]:
        """Line and value of every literal string that is no docstring of a statement."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.lineno, node.value


def read_modules(root: Path, folders: tuple[str, ...]) -> list[Module]:
    """All Python files of `folders`, in the order of their paths."""
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            text = path.read_text("utf-8")
            found.append(Module(path.relative_to(root), text, ast.parse(text, str(path))))
    return found


def read_documents(root: Path) -> dict[str, str]:
    """The documents at the root by file name."""
    return {path.name: path.read_text("utf-8") for path in sorted(root.glob("*.md"))}


def kept_files(root: Path) -> list[Path]:
    """Every file of the tree but those in folders that .gitignore names, and git's own."""
    ignored = [".git/", *(root / ".gitignore").read_text("utf-8").split()]
    patterns = [name.rstrip("/") for name in ignored if name.endswith("/")]
    return [path for path in _walk(root, patterns) if path.name != ".git"]


def _walk(folder: Path, ignored: list[str]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            if not any(path.match(pattern) for pattern in ignored):
                yield from _walk(path, ignored)
        else:
            yield path


def section_rows(text: str, heading: str) -> list[list[str]]:
    """The cells of every table row, but the head, under the headings that match `heading`."""
    rows: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("#"):
            inside = re.search(heading, line) is not None
        elif set(line) <= set("|-: ") and line.startswith("|"):
            rows = rows[:-1]  # what stood above this line was the head
        elif inside and line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows
