"""A file's path as text that an event may carry and anybody can decode again. Pure."""

from urllib.parse import quote, unquote_to_bytes

_CONTROLS_END = 0x20
_DELETE, _C1_END = 0x7F, 0xA0
_NONCHARACTERS = range(0xFDD0, 0xFDF0)
_SURROGATES = range(0xD800, 0xE000)


def subject_of(path: str) -> str:
    """`path` with what CloudEvents text cannot hold, and `%` itself, percent-encoded.

    Percent-decoded it gives the very bytes of the name, those that are no UTF-8 too.
    Source: CloudEvents 1.0, type system, String; RFC 3986, 2.1.
    """
    if path.isascii() and path.isprintable() and "%" not in path:
        return path
    return "".join(
        quote(character.encode("utf-8", "surrogateescape"), safe="")
        if _is_escaped(ord(character))
        else character
        for character in path
    )


def path_of(subject: str) -> str:
    """The path that `subject_of` was given, as this system's functions take it."""
    return unquote_to_bytes(subject).decode("utf-8", "surrogateescape")


def shown(path: str) -> str:
    """`path` for people: what is no UTF-8 as replacement characters."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _is_escaped(code: int) -> bool:
    return (
        code == ord("%")
        or code < _CONTROLS_END
        or _DELETE <= code < _C1_END
        or code in _SURROGATES
        or code in _NONCHARACTERS
        or code & 0xFFFE == 0xFFFE
    )
