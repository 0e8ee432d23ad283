"""The example images-in-a-folder.yaml does what it says: images become predictions beside them."""

import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from tests.faults.examples import lines, running
from tests.faults.process import Program, until


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    (tmp_path / "pictures").mkdir()
    async with running(tmp_path, "images-in-a-folder.yaml", "colours.onnx") as program:
        yield program


def paint(path: Path, colour: str, size: tuple[int, int] = (48, 20)) -> bytes:
    Image.new("RGB", size, colour).save(path)
    return path.read_bytes()


async def test_a_picture_is_named_by_its_colour(program: Program) -> None:
    folder = program.folder / "pictures"
    paint(program.folder / "dawn.png", "#e01008")
    (program.folder / "dawn.png").rename(folder / "dawn.png")

    await until((folder / "dawn.png.predictions.manifest.json").exists, "the manifest")

    assert lines(folder / "dawn.png.predictions.jsonl") == [
        {"name": "dawn.png", "prediction": {"colour": "red"}}
    ]
    await until(lambda: bool(lines(program.folder / "predictions.ndjson")), "its event")
    (told,) = lines(program.folder / "predictions.ndjson")
    assert (told["subject"], told["filekey"], told["inferencemodel"]) == (
        "dawn.png", "dawn.png", "colours",
    )  # fmt: skip
    assert told["data"]["colour"] == "red"


async def test_a_zip_of_pictures_is_a_line_for_each_and_an_error_for_the_broken_one(
    program: Program,
) -> None:
    colours = ("black", "blue", "green", "white", "yellow")
    names = {colour: f"{colour}.png" for colour in colours}
    folder, elsewhere = program.folder / "pictures", program.folder
    with zipfile.ZipFile(elsewhere / "all.zip", "w") as archive:
        for colour, name in names.items():
            archive.writestr(name, paint(elsewhere / name, "lime" if colour == "green" else colour))
        archive.writestr("torn.png", paint(elsewhere / "torn.png", "red", (200, 200))[:60])
    (elsewhere / "all.zip").rename(folder / "all.zip")

    await until((folder / "all.zip.predictions.manifest.json").exists, "the manifest")
    made = lines(folder / "all.zip.predictions.jsonl")
    (error,) = lines(folder / "all.zip.errors.jsonl")
    events = program.folder / "predictions.ndjson"
    await until(lambda: len(lines(events)) == len(names), "an event for each")

    assert {line["name"]: line["prediction"]["colour"] for line in made} == {
        name: colour for colour, name in names.items()
    }
    assert (error["row"], error["class"]) == (4, "BAD_RECORD"), "members are in the order of names"
    assert await program.terminate() == 0
    exit_code, words = program.verify()
    assert exit_code == 0, words
