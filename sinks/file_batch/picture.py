"""An image as a tensor: its pixels as JSON, numbers 0..255, height × width × channels.

Decoding has bounds of its own: a few bytes may claim to be more pixels than there is memory for.
"""

import io

import orjson
from PIL import Image, ImageOps, UnidentifiedImageError

from sinks.file_batch.spec import ImageSpec

PIXELS_MAX = 32 * 1024 * 1024  # of one image, before it is resized: 128 MiB while it is decoded
TENSOR_VALUES_MAX = 8 * 1024 * 1024  # of one tensor: up to 32 MiB of JSON
# Not what is read by running another program (EPS), nor what nobody calls an image of a model.
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_WIDE = ("I", "F")  # 16 and 32 bits a pixel: to cut them to 8 would be a guess


def tensor_of(body: bytes, spec: ImageSpec) -> bytes:
    """The JSON of the pixels of an image, upright; of several frames the first.

    Raises ValueError with the reason where it is broken, too large, or not of 8 bits a channel.
    """
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as opened:
            check(opened, spec)
            return _json(_picture(opened, spec), spec.channels)
    except ValueError:
        raise
    except UnidentifiedImageError as error:  # its own words name a place in memory
        raise ValueError(f"it is none of {', '.join(FORMATS)}") from error
    except Exception as error:  # what a decoder meets in broken bytes has no common parent
        raise ValueError(f"it is no image that can be decoded ({error})") from error


def check(image: Image.Image, spec: ImageSpec) -> None:
    """By what its head says, before a pixel is decoded."""
    width, height = image.size
    if width * height > PIXELS_MAX:
        raise ValueError(f"it has {width} x {height} pixels, more than {PIXELS_MAX:,}")
    wide, high = spec.resize or image.size
    if wide * high * spec.channels > TENSOR_VALUES_MAX:
        what = f"its tensor has more than {TENSOR_VALUES_MAX:,} values"
        raise ValueError(f"{what}: write read.images.resize")
    if image.mode.startswith(_WIDE):
        raise ValueError(f"its pixels are not of 8 bits a channel (mode {image.mode})")


def _picture(image: Image.Image, spec: ImageSpec) -> Image.Image:
    """Turned as its EXIF data says; a palette's transparency is kept as far as channels do."""
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    wanted = _MODES[spec.channels]
    if image.mode != wanted:  # else it would be copied, as large as it is
        image = image.convert(wanted)
    return image if spec.resize is None else image.resize(spec.resize, Image.Resampling.BILINEAR)


def _json(picture: Image.Image, channels: int) -> bytes:
    """Row by row: lists of all pixels at once would be twenty times the image."""
    data, row_bytes = picture.tobytes(), picture.width * channels
    rows = (data[at : at + row_bytes] for at in range(0, len(data), row_bytes))
    return b"[" + b",".join([orjson.dumps(_pixels(row, channels)) for row in rows]) + b"]"


def _pixels(row: bytes, channels: int) -> list[tuple[int, ...]]:
    return list(zip(*(row[channel::channels] for channel in range(channels)), strict=True))
