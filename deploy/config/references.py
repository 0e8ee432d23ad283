"""References ${env:NAME} and ${file:path} in any text of a spec: secrets stay elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.config.mistakes import InvalidValue

FILE_BYTES_MAX = 64 * 1024
# `$${` is a literal `${`.
_REFERENCE = re.compile(r"\$\$\{|\$\{(?:(env|file):([^{}]*)|[^{}]*)\}?")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class References:
    """Where references lead: the environment handed in, and files relative to `folder`."""

    environment: Mapping[str, str]
    folder: Path

    def resolve(self, text: str) -> str:
        """`text` with every reference replaced. Raises InvalidValue naming the first missing one.

        What a reference gives is not looked at again: a secret may hold `${`.
        """
        return _REFERENCE.sub(self._replace, text)

    def _replace(self, match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        if match[1] is None or not match[0].endswith("}"):
            raise InvalidValue(
                "holds a reference that cannot be read",
                remedy="write ${env:NAME} or ${file:path}, or $${ for a literal ${",
            )
        return self._from_environment(match[2]) if match[1] == "env" else self._from_file(match[2])

    def _from_environment(self, name: str) -> str:
        if not _ENVIRONMENT_NAME.fullmatch(name):
            raise InvalidValue(
                "names no environment variable", remedy="write ${env:NAME}, letters, digits and _"
            )
        if name not in self.environment:
            raise InvalidValue(
                f"refers to the environment variable {name}, which is not set",
                remedy=f"set {name}, or check with --no-resolve",
            )
        return self.environment[name]

    def _from_file(self, name: str) -> str:
        try:
            with (self.folder / name).open("rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
            text = content.decode()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise InvalidValue(
                f"refers to the file {name!r}, which cannot be read ({reason})",
                remedy="mend the path, which counts from the YAML file's folder, "
                "or check with --no-resolve",
            ) from error
        if len(content) > FILE_BYTES_MAX:
            raise InvalidValue(
                f"refers to the file {name!r}, which is over {FILE_BYTES_MAX} bytes",
                remedy="a reference is for secrets and settings: name a smaller file",
            )
        # An editor ends a file with a newline that nobody means as part of the secret.
        return text.removesuffix("\n").removesuffix("\r")


def has_reference(value: Any) -> bool:
    """True where any text in `value` holds a reference (or a try at one)."""
    if isinstance(value, str):
        return "${" in value
    if isinstance(value, Mapping):
        return any(has_reference(item) for item in value.values())
    return isinstance(value, list) and any(has_reference(item) for item in value)
