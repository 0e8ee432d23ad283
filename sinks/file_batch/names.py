"""What the files are called that a job writes for one input, and knowing them again. Pure."""

import re
from dataclasses import dataclass

from broker.errors import Invalid
from sinks.file_batch.place import Place, checked_path
from sinks.file_batch.spec import OutputFormat, WriteSpec

_PLACE = re.compile(r"\{(name|stem|ext)\}")
_SUFFIXES = (".errors.jsonl", ".predictions.manifest.json")
_LITERAL_CHARACTERS_MIN = 4
EXTENSIONS: dict[OutputFormat, str] = {
    "csv": "csv", "jsonl": "jsonl", "json": "json", "parquet": "parquet",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """The places of one job; `parts` is a folder, its path ends in a slash."""

    output: Place
    errors: Place
    manifest: Place
    parts: Place

    def part(self, number: int) -> Place:
        """Results of chunk `number`; names sort as the chunks do."""
        return self.parts.beside(f"{self.parts.path}{number:09}.rows")

    def part_errors(self, number: int) -> Place:
        return self.parts.beside(f"{self.parts.path}{number:09}.errors.jsonl")


def names_for(source: Place, write: WriteSpec, made: OutputFormat, below: str = "") -> Names:
    """What is written for `source` (an input, or a prefix of images) in the format `made`.

    `below` is the watched prefix: under an output prefix the rest of the path is kept, so that
    files of the same name in different folders stay apart. Inputs of http places need a bucket.
    Raises Invalid(code="invalid-place").
    """
    path = source.path.removesuffix("/")
    folder, _, name = path.rpartition("/")
    front = f"{folder}/" if folder else ""
    if write.prefix is not None:
        front = write.prefix.rstrip("/") + "/" + front.removeprefix(below.rpartition("/")[0] + "/")
    home = source
    if write.bucket is not None:
        home = Place("s3", write.bucket, path)
    elif source.kind == "http":
        raise Invalid(
            "results cannot be written beside a file that was fetched by HTTP",
            code="invalid-place",
            where=str(source),
            remedy="name a bucket in write.output",
        )
    output = expand(write.name, name, EXTENSIONS[made])
    return Names(
        output=home.beside(front + output),
        errors=home.beside(f"{front}{name}{_SUFFIXES[0]}"),
        manifest=home.beside(f"{front}{name}{_SUFFIXES[1]}"),
        parts=home.beside(f"{front}.{name}.parts/"),
    )


def expand(template: str, name: str, ext: str) -> str:
    """The name that `write.name` makes. Raises Invalid for a template that would match inputs."""
    literal = _PLACE.sub("", template)
    if len(literal) < _LITERAL_CHARACTERS_MIN or "/" in template or set("{}") & set(literal):
        raise Invalid(
            f"{template!r} cannot tell outputs from inputs",
            code="invalid-name",
            where="write.name",
            remedy="write a name of {name}, {stem}, {ext} and 4 or more other characters, such as "
            "{name}.predictions.{ext}, without a slash",
        )
    stem = name.rpartition(".")[0] or name
    given = {"name": name, "stem": stem, "ext": ext}
    return checked_path(_PLACE.sub(lambda found: given[found[1]], template))


def temporary_name(name: str) -> str:
    """What a file is called while it is written."""
    return f".{name}.writing"


class OutputNames:
    """Knows every name that jobs of one `write.name` give, so that none of them starts a job."""

    def __init__(self, template: str) -> None:
        expand(template, "n", "e")
        parts = _PLACE.split(template)
        self._template = re.compile(
            "".join(
                re.escape(part) if index % 2 == 0 else _pattern(part)
                for index, part in enumerate(parts)
            ),
            re.DOTALL,
        )

    def is_output_name(self, path: str) -> bool:
        *folders, name = path.removesuffix("/").split("/")
        if any(part.startswith(".") and part.endswith(".parts") for part in (*folders, name)):
            return True
        is_temporary = name.startswith(".") and name.endswith(".writing")
        return is_temporary or name.endswith(_SUFFIXES) or bool(self._template.fullmatch(name))


def _pattern(place: str) -> str:
    return f"(?:{'|'.join(EXTENSIONS.values())})" if place == "ext" else ".+"
