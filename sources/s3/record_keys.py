"""Objects as keys of records: in the order of a listing, which is that of bytes. Pure.

A record's key is text, so each byte of the object's key is one character of it; bytes 0 to 2
are escaped, which leaves 1 to end the key. Nothing of that changes the order.
"""

_END = "\x01"
_BEHIND = "\x02"  # ends no key: comes after all versions of it, before any longer key
_ESCAPES = {"\x00": "\x02\x02", "\x01": "\x02\x03", "\x02": "\x02\x04"}
_ESCAPING = str.maketrans(_ESCAPES)


class RecordKeys:
    """The records of one bucket: another bucket's under the same source are left alone."""

    def __init__(self, bucket: str) -> None:
        self.prefix = f"o/{bucket}/"
        self.listing = f"listing/{bucket}"

    def of(self, key: str, version: str) -> str:
        return f"{self.prefix}{escaped(key)}{_END}{version}"

    def after(self, key: str) -> str:
        """What stands between the records of `key` and those of the next; "" before all."""
        return f"{self.prefix}{escaped(key)}{_BEHIND}" if key else ""

    def read(self, record_key: str) -> tuple[str, str]:
        """(key, version) of a record."""
        text, _, version = record_key.removeprefix(self.prefix).partition(_END)
        return unescaped(text), version


def escaped(key: str) -> str:
    return key.encode("utf-8", "surrogateescape").decode("latin-1").translate(_ESCAPING)


def unescaped(text: str) -> str:
    for plain, escape in _ESCAPES.items():
        text = text.replace(escape, plain)
    return text.encode("latin-1").decode("utf-8", "surrogateescape")
