"""Bugs in what the store promises: answers, syncs, owners, transactions, and what it forgets."""

from tests.faults.bugs.bug import Bug, Edit

WRITER = "broker/storage/sqlite/writer.py"
TRANSACTION = "broker/storage/sqlite/transaction.py"
LEDGER = "triggers/ledger.py"
DURABLE = "triggers/durable.py"
CONSERVATION = "tests/scenarios/test_conservation.py"
POWER_CUT = "tests/faults/test_power_cut.py"
NEEDED = "tests/scenarios/test_needed_log.py"
BOUNDS = "tests/scenarios/test_bounds.py"

ANSWER_BEFORE_COMMIT = (
    Edit(
        WRITER,
        "self.transaction.write(group, self._position)",
        "self.transaction.write(group, self._position, self._answers)",
    ),
    Edit(WRITER, "        self._answers.committed(group, written)\n", ""),
    Edit(
        TRANSACTION,
        "def write(self, group: Group, position: Position) -> Written:",
        "def write(self, group, position, answers):",
    ),
    Edit(
        TRANSACTION,
        "        self.commit()\n        self._reach_after",
        "        answers.committed(group, written)\n"
        "        self.commit()\n        self._reach_after",
    ),
)

LETTER_APART = (
    Edit(
        LEDGER,
        "        self.dead_letters: list[DeadLetter] = []\n",
        '        self.late_letters = getattr(self, "dead_letters", [])\n'
        "        self.dead_letters: list[DeadLetter] = []\n",
    ),
    Edit(
        LEDGER,
        "dead_letters=tuple(self.dead_letters)",
        "dead_letters=tuple(self.late_letters)",
    ),
    Edit(LEDGER, "or self.has_moved\n", "or self.has_moved or self.late_letters\n"),
)

REPLY_APART = (
    Edit(
        LEDGER,
        "        self.replies: list[Reply] = []\n",
        '        self.late_replies = getattr(self, "replies", [])\n'
        "        self.replies: list[Reply] = []\n",
    ),
    Edit(LEDGER, "replies=tuple(self.replies)", "replies=tuple(self.late_replies)"),
    Edit(LEDGER, "or self.has_moved\n", "or self.has_moved or self.late_replies\n"),
)

STORE = (
    Bug(
        "answer before commit",
        ANSWER_BEFORE_COMMIT,
        (f"{POWER_CUT}::test_a_power_cut_loses_nothing_that_was_answered",),
    ),
    Bug(
        "synchronous=NORMAL",
        (
            Edit(
                "broker/storage/sqlite/connection.py",
                'connection.pragma("synchronous", options.synchronous)',
                'connection.pragma("synchronous", "NORMAL")',
            ),
        ),
        (f"{POWER_CUT}::test_a_power_cut_loses_nothing_that_was_answered",),
    ),
    Bug(
        "error of a sync ignored",
        (
            Edit(
                TRANSACTION, "            raise Committing from error\n", "            del error\n"
            ),
        ),
        (f"{POWER_CUT}::test_a_failed_sync_is_answered_as_unknown_to_the_whole_group",),
    ),
    Bug(
        "failed sync tried again",
        (
            Edit(
                "broker/storage/sqlite/failures.py",
                "            return Failure.FULL\n        return Failure.BROKEN\n",
                "            return Failure.FULL\n        return Failure.BUSY\n",
            ),
        ),
        (f"{POWER_CUT}::test_nothing_is_written_after_a_failed_sync",),
    ),
    Bug("dead letter apart from the end of its retries", LETTER_APART, (CONSERVATION,)),
    Bug("reply apart from the settlement", REPLY_APART, (CONSERVATION,)),
    Bug(
        "second writer allowed",
        (
            Edit(
                "broker/storage/sqlite/ownership.py",
                "fcntl.LOCK_EX | fcntl.LOCK_NB",
                "fcntl.LOCK_SH | fcntl.LOCK_NB",
            ),
        ),
        ("tests/contracts/test_storage_ownership.py::test_a_second_engine_is_turned_away",),
    ),
    Bug(
        "epoch unchecked",
        (
            Edit(
                TRANSACTION,
                "        if self._connection.changes() == 0:\n            raise Fenced\n",
                "",
            ),
        ),
        ("tests/contracts/test_storage_ownership.py::test_every_write_of_a_past_owner_is_fenced",),
    ),
    Bug(
        "due on an unclamped wall clock",
        (
            Edit(
                "broker/storage/sqlite/opening.py",
                '        connection.execute(sql["parked_clamp"], '
                "(to_milliseconds(clock.now()),))\n",
                "",
            ),
        ),
        (
            "tests/contracts/test_storage_checkpoint.py"
            "::test_a_clock_that_went_back_lets_no_row_wait_longer_than_was_chosen",
        ),
    ),
    Bug(
        "pruning past the slowest cursor",
        (Edit(DURABLE, "*self._cursors.values()", "self.routed"),),
        (f"{BOUNDS}::test_retention_leaves_what_a_trigger_behind_still_needs",),
    ),
    Bug(
        "pruning past a row behind a parked key",
        (
            Edit(
                DURABLE,
                "min([needed, *(min(offsets) for offsets in self._named.values() if offsets)])",
                "needed",
            ),
        ),
        (
            "tests/triggers/test_durable.py"
            "::test_an_event_that_a_row_names_is_needed_however_far_all_cursors_are",
        ),
    ),
    Bug(
        "pruning past a running replay",
        (
            Edit(
                "triggers/replay/lane.py",
                "encode(self.written())\n        return Record(PREFIX + self.job.id, value), "
                "self.cursor() if self.is_open else None",
                "encode(self.written())\n        return Record(PREFIX + self.job.id, value), None",
            ),
        ),
        (
            "tests/scenarios/test_replay.py"
            "::test_retention_waits_for_a_replay_as_long_as_the_log_may_grow",
        ),
    ),
    Bug(
        "pruning past a replay that is not on disk yet",
        (
            Edit(
                "triggers/replay/verbs.py",
                "return min(self._beginning, default=NOWHERE)",
                "return NOWHERE",
            ),
        ),
        (f"{NEEDED}::test_what_is_needed_by_a_replay_that_is_not_on_disk_yet_stays",),
    ),
    Bug(
        "pruning past a seek that is not on disk yet",
        (
            Edit(
                "triggers/steering/seeking.py",
                "        parts.durable.reserve(lane.name, to - 1)\n",
                "",
            ),
        ),
        (f"{NEEDED}::test_what_is_needed_by_a_seek_that_is_not_on_disk_yet_stays",),
    ),
)
