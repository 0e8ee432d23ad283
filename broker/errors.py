"""The one tree of errors, split by what the reader can do.

HeadraceError
├── Invalid                 mend the input
│   ├── InvalidEvent        not a CloudEvent 1.0 (or none that this broker may take)
│   ├── InvalidBatch        some entries of a batch; `entries` says which
│   ├── TooLarge            over a limit that the remedy names
│   ├── InvalidFilter       a filter that cannot be built; `column` where it goes wrong
│   └── InvalidConfig       a configuration; `mistakes` are all that were found
├── Unavailable             try later
│   ├── Overloaded          a bound was reached; `retry_after_seconds`
│   ├── Draining            this process is stopping
│   ├── StoreFull           disk or backlog limit
│   └── StoreFailed         the store could not say that it stored (outcome unknown)
├── Denied                  ask as somebody else
│   ├── Unauthorized        nobody that is known asks
│   └── Forbidden           whoever asks may not do this
└── Conflict                someone was first
    ├── DuplicateDiffers    same source, id and type within the window, other data
    ├── StoreOwned          another process owns the data folder
    └── StaleRevision       a compare-and-set lost
"""

from collections.abc import Sequence


class HeadraceError(Exception):
    """What is wrong, where, and the remedy; `code` is stable and meant for machines."""

    code = "error"

    def __init__(
        self,
        what: str,
        *,
        code: str | None = None,
        where: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.code = code or type(self).code
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{where}{self.what}{remedy}"


class Invalid(HeadraceError):
    """The input is at fault; repeating it unchanged gives the same answer."""

    code = "invalid"


class InvalidEvent(Invalid):
    code = "invalid-event"


class InvalidBatch(Invalid):
    """`entries` are (index in the batch, error), in order; nothing of the batch was stored."""

    code = "invalid-batch"

    def __init__(self, what: str, entries: Sequence[tuple[int, HeadraceError]]) -> None:
        super().__init__(what, remedy="mend the listed entries and send the batch again")
        self.entries = tuple(entries)


class TooLarge(Invalid):
    code = "too-large"


class InvalidFilter(Invalid):
    """`column` is 1-based within the expression, None where the filter is not text."""

    code = "invalid-filter"

    def __init__(
        self,
        what: str,
        *,
        code: str | None = None,
        where: str | None = None,
        remedy: str | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(what, code=code, where=where, remedy=remedy)
        self.column = column


class InvalidConfig(Invalid):
    """`mistakes` are all mistakes found, each `file:line:col: path: what; remedy`."""

    code = "invalid-config"

    def __init__(self, what: str, mistakes: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.mistakes = tuple(mistakes)


class Unavailable(HeadraceError):
    """Nothing is wrong with the input; `retry_after_seconds` says when to try again."""

    code = "unavailable"

    def __init__(
        self,
        what: str,
        *,
        code: str | None = None,
        where: str | None = None,
        remedy: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(what, code=code, where=where, remedy=remedy)
        self.retry_after_seconds = retry_after_seconds


class Overloaded(Unavailable):
    code = "overloaded"


class Draining(Unavailable):
    code = "draining"


class StoreFull(Unavailable):
    code = "store-full"


class StoreFailed(Unavailable):
    """`unknown` is true when the commit may have happened after all (I/O error at COMMIT).

    `remedy` is for what trying again cannot mend.
    """

    code = "store-failed"

    def __init__(
        self,
        what: str,
        *,
        code: str | None = None,
        unknown: bool = False,
        remedy: str | None = None,
    ) -> None:
        again = "send it again; a repeat of a stored event is answered as a duplicate"
        super().__init__(
            what,
            code=code,
            remedy=remedy or (again if unknown else "try again"),
            retry_after_seconds=1.0,
        )
        self.unknown = unknown


class Denied(HeadraceError):
    """Whether it is so depends on who asks."""

    code = "denied"


class Unauthorized(Denied):
    code = "unauthorized"


class Forbidden(Denied):
    code = "forbidden"


class Conflict(HeadraceError):
    code = "conflict"


class DuplicateDiffers(Conflict):
    code = "duplicate-differs"


class StoreOwned(Conflict):
    code = "store-owned"


class StaleRevision(Conflict):
    code = "stale-revision"
