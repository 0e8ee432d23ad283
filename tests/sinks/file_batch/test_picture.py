"""Images as tensors, within bounds; what is no image is an error of its record."""

import io
import struct
import zipfile
import zlib
from typing import Any

import orjson
import pytest
from PIL import Image

from sinks.file_batch.picture import PIXELS_MAX, tensor_of
from sinks.file_batch.spec import ImageSpec, ReadSpec
from tests.sinks.file_batch.files import chunks_of

RED, HALF = (255, 0, 0), (0, 0, 255, 128)


def image(
    mode: str = "RGB",
    size: tuple[int, int] = (2, 1),
    colour: Any = RED,
    kind: str = "PNG",
    **facts: Any,
) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, colour).save(written, kind, **facts)
    return written.getvalue()


def pixels(body: bytes, **spec: Any) -> Any:
    return orjson.loads(tensor_of(body, ImageSpec("tensor", **spec)))


def claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose head claims so many pixels."""
    parts = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in parts
    )


def test_an_image_is_rows_of_pixels_of_channels() -> None:
    found = pixels(image(size=(3, 2)))

    assert found == [[[255, 0, 0]] * 3] * 2


@pytest.mark.parametrize(
    ("channels", "pixel"), [(1, [29]), (3, [0, 0, 255]), (4, [0, 0, 255, 128])]
)
def test_channels_are_as_asked_for(channels: int, pixel: list[int]) -> None:
    found = pixels(image("RGBA", (1, 1), HALF), channels=channels)

    assert found == [[pixel]]


def test_resize_gives_width_and_height_whatever_the_image_has() -> None:
    found = pixels(image(size=(40, 30)), resize=(4, 2))

    assert (len(found), len(found[0]), found[0][0]) == (2, 4, [255, 0, 0])


def test_a_photo_that_was_taken_sideways_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees (Exif 2.32, Orientation)

    found = pixels(image(size=(4, 2), kind="JPEG", exif=exif))

    assert (len(found), len(found[0])) == (4, 2)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_each_format_is_read(kind: str) -> None:
    assert len(pixels(image(kind=kind), channels=1)[0]) == 2


def test_a_palette_is_its_colours() -> None:
    palette = Image.new("RGB", (1, 1), RED).convert("P")
    written = io.BytesIO()
    palette.save(written, "PNG", transparency=b"\x80" * 256)

    assert pixels(written.getvalue()) == [[list(RED)]]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"no image at all", "it is none of PNG"),
        (image(size=(40, 30))[:60], "it is no image that can be decoded"),
        (image(kind="PPM"), "it is none of PNG"),
        (image("I;16", colour=9), "not of 8 bits"),
        (claiming(PIXELS_MAX, 2), "pixels"),
        (claiming(8_000, 4_000), "write read.images.resize"),
    ],
)
def test_what_cannot_be_decoded_is_said(body: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        pixels(body)


def test_a_broken_image_is_an_error_of_its_record_and_the_others_are_read() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, body in {"a.png": image(), "b.png": image()[:40], "c.png": image()}.items():
            archive.writestr(name, body)

    (chunk,) = chunks_of(packed.getvalue(), "in.zip", ReadSpec(images=ImageSpec("tensor")))

    assert (chunk.names, [bad.row for bad in chunk.bad]) == (["a.png", "c.png"], [2])
    assert "b.png cannot be read" in chunk.bad[0].why
    assert orjson.dumps(chunk.values[0]) == b"[[[255,0,0],[255,0,0]]]"


def test_a_chunk_of_tensors_ends_by_their_size_wherever_it_is_begun() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(8):
            archive.writestr(f"{number}.png", image(size=(1_000, 400)))
    read = ReadSpec(images=ImageSpec("tensor"))

    whole = chunks_of(packed.getvalue(), "in.zip", read)
    again = chunks_of(packed.getvalue(), "in.zip", read, start=whole[1].start)

    assert len(whole) > 2
    assert [chunk.end for chunk in whole[1:]] == [chunk.end for chunk in again]
    assert [row for chunk in whole for row in chunk.rows] == list(range(1, 9))
