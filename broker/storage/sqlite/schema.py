"""The schema and its versions: migration steps in order, one transaction each."""

from collections.abc import Sequence
from pathlib import Path

import apsw

from broker.errors import StoreFailed
from broker.failpoint import reach

APPLICATION_ID = 0x48524C47  # "HRLG", so that `file` and we can tell a partition from others


def migrate(connection: apsw.Connection, path: Path, steps: Sequence[str]) -> None:
    """Bring the file to version len(steps). Raises StoreFailed for a file that is not ours.

    Dying between two steps leaves a whole older version, from which the next open goes on.
    """
    version = connection.pragma("user_version")
    application_id = connection.pragma("application_id")
    # quick_check and a table count cannot tell: an empty file has neither id nor tables.
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
    if application_id != APPLICATION_ID and (application_id or version or tables):
        raise StoreFailed(
            f"{path} is not a headrace partition",
            code="not-headrace",
            remedy="name another data folder",
        )
    if version > len(steps):
        raise StoreFailed(
            f"{path} has schema version {version}, this program knows up to {len(steps)}",
            code="schema-newer",
            remedy="run the newer program that wrote it, or restore a backup made before",
        )
    for number in range(version + 1, len(steps) + 1):
        _step(connection, steps[number - 1], number)


def _step(connection: apsw.Connection, text: str, number: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(text)
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", number)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    reach("migrate.step")
