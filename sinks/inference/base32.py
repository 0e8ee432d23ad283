"""Base32 of SHA-256 digests, in lower case and without padding (RFC 4648, section 6). Pure.

An id is made for every reply. The standard library encodes in Python, at several times the price
of the hash; here all digits are moved into their bytes at once, in six steps on one integer.
"""

from functools import lru_cache

DIGEST_BYTES = 32
_DIGITS = 52  # of 256 bits, the last one filled up with zeros
_FIELDS = 64  # digits that are spread: the next power of two
_ALPHABET = b"abcdefghijklmnopqrstuvwxyz234567"


def base32_text(digest: bytes) -> str:
    """The 52 characters of a digest of 32 bytes."""
    number = int.from_bytes(digest, "big") << (5 * _DIGITS - 8 * DIGEST_BYTES)
    for shift, lower, upper in _steps():
        number = (number & lower) | ((number & upper) << shift)
    return number.to_bytes(_FIELDS, "big")[_FIELDS - _DIGITS :].translate(_table()).decode("ascii")


@lru_cache(maxsize=1)
def _steps() -> tuple[tuple[int, int, int], ...]:
    """How far which bits move: blocks of 32 digits, of 16, and so on, down to one in each byte."""
    steps = []
    digits = _FIELDS // 2  # of the upper half of each block, which moves
    while digits:
        half = (1 << 5 * digits) - 1
        blocks = range(0, 8 * _FIELDS, 16 * digits)
        lower = sum(half << start for start in blocks)
        steps.append((3 * digits, lower, lower << 5 * digits))
        digits //= 2
    return tuple(steps)


@lru_cache(maxsize=1)
def _table() -> bytes:
    return _ALPHABET.ljust(256, b"\0")
