"""Where a run goes on: what was told of the folder, as far as it is still about this folder."""

from collections.abc import Iterable, Mapping
from itertools import islice

from broker.errors import Unavailable
from sources.folder.book import (
    FILES_PREFIX,
    FOLDER_KEY,
    Known,
    decode_files,
    decode_known,
    encode_told,
    file_key,
)
from sources.folder.disk import Disk
from sources.folder.listing import BATCH_FILES_MAX, Told
from sources.folder.options import FolderOptions
from sources.folder.root import Root, is_empty
from sources.folder.scan import Scanner
from sources.folder.selection import Selection
from sources.source import Outlet

PAGE_RECORDS = 1_000


async def load_told(
    options: FolderOptions, outlet: Outlet, disk: Disk, root: Root
) -> dict[str, Told]:
    """By path, from the records; they are made to fit what is configured by now.

    Raises Unavailable where the folder may be the place of a disk that is not mounted.
    """
    value = await outlet.record(FOLDER_KEY)
    known = None if value is None else decode_known(value)
    told = await _read(outlet)
    if known is not None and known.path == options.path:
        if known.inode != root.inode:
            await _judge_other(options.path, outlet, disk, root, told)
        return await _without_unselected(options, outlet, told)
    if known is not None:
        outlet.standing.notice(
            f"the folder is {options.path} now and was {known.path}: its files are told from the "
            "beginning, those of the other are forgotten"
        )
    await _write(outlet, dict.fromkeys(told))
    return await _begin(options, outlet, disk, root)


async def _begin(options: FolderOptions, outlet: Outlet, disk: Disk, root: Root) -> dict[str, Told]:
    """The very first start. Dying before its end, it is the next one's first start too."""
    told: dict[str, Told] = {}
    if not options.tells_initial:
        scanner = Scanner(root.path, Selection(options), options.files_max, disk.stopped)
        scanned = await disk.call(scanner.scan, "", lambda _: None)
        told = {path: Told(seen, "") for path, seen in scanned.found.items()}
        await _write(outlet, told)
    await outlet.publish([], {FOLDER_KEY: Known(options.path, root.inode).encode()})
    return told


async def _judge_other(
    path: str, outlet: Outlet, disk: Disk, root: Root, told: Mapping[str, Told]
) -> None:
    """Another folder has this path now: a new disk, or one that is not mounted."""
    has_nothing = await disk.call(is_empty, root)
    if told and has_nothing:
        raise Unavailable(
            f"the folder is another one than before, and empty; {len(told)} files were in it",
            code="folder-replaced",
            where=path,
            remedy="mount its disk; if it was emptied on purpose, put any file into it (such as "
            ".keep), and the files are told as removed",
        )
    await outlet.publish([], {FOLDER_KEY: Known(path, root.inode).encode()})


async def _without_unselected(
    options: FolderOptions, outlet: Outlet, told: dict[str, Told]
) -> dict[str, Told]:
    """Files that the globs no longer select are forgotten: they have not been removed."""
    selection = Selection(options)
    unselected = [path for path in told if not selection.takes(path)]
    await _write(outlet, dict.fromkeys(unselected))
    for path in unselected:
        del told[path]
    return told


async def _read(outlet: Outlet) -> dict[str, Told]:
    told: dict[str, Told] = {}
    after = ""
    while page := await outlet.scan(FILES_PREFIX, after, PAGE_RECORDS):
        told.update(decode_files(page))
        after = page[-1][0]
    return told


async def _write(outlet: Outlet, told: Mapping[str, Told | None]) -> None:
    rest: Iterable[tuple[str, Told | None]] = iter(told.items())
    while batch := dict(islice(rest, BATCH_FILES_MAX)):
        await outlet.publish(
            [], {file_key(path): encode_told(value) for path, value in batch.items()}
        )
