"""Bugs in what operators do: reload, seek, redrive, replay, and what is told of it."""

from tests.faults.bugs.bug import Bug, Edit

APPLYING = "triggers/steering/applying.py"
STEERING = "triggers/steering/steering.py"
SEEKING = "triggers/steering/seeking.py"
ENDING = "triggers/steering/ending.py"
DESK = "triggers/redrive/desk.py"
RETURNING = "triggers/redrive/returning.py"
REPLAYS = "triggers/replay/verbs.py"
ASSEMBLE = "deploy/assemble.py"
REDRIVEN = "tests/scenarios/test_redrive.py"
STEERED = "tests/scenarios/test_steering.py"
AUDITED = (
    "tests/scenarios/test_acts_and_audit.py"
    "::test_an_act_is_in_the_audit_of_the_checkpoint_that_does_it"
)

ACT = "                        self._ledger.audit.append(act)\n"
WRITTEN = "                        gone = await self.flush(moves)\n"
BEGIN = "DeadState.REDRIVING, now, by, reason, parked=row)\n"
COUNTED = "        lane.count_discarded(matched=skipped)\n"

RELOADING = (
    Bug(
        "a filter routes before its revision is on disk",
        (
            Edit(
                APPLYING,
                "            self._holding.hold(lane, REVISION)\n"
                "            parts.router.revise(lane)\n",
                "            parts.router.revise(lane)\n",
            ),
        ),
        (f"{STEERED}::test_nothing_is_routed_by_a_filter_that_is_not_on_disk",),
    ),
    Bug(
        "a reload swaps before everything is built",
        (
            Edit(
                ASSEMBLE,
                "            await draft.open()\n            stores = [*running",
                "            running.configuration = configuration\n"
                "            running.brokers = {**running.brokers, **added}\n"
                "            running.serve()\n"
                "            await draft.open()\n            stores = [*running",
            ),
        ),
        ("tests/deploy/test_reload.py::test_what_cannot_be_opened_changes_nothing",),
    ),
    Bug(
        "a seek skips without counting",
        (Edit(SEEKING, COUNTED, ""),),
        (f"{STEERED}::test_a_seek_forward_discards_what_it_skips_and_says_so",),
    ),
)

REDRIVING = (
    Bug(
        "a redriven dead letter moves in another transaction than its row",
        (
            Edit(
                RETURNING,
                f"        return Move(letter.id, (DeadState.DEAD,), {BEGIN}",
                "        self._ledger.parked[row.place] = row\n"
                "        return Move(letter.id, (DeadState.DEAD,), DeadState.REDRIVING, "
                "now, by, reason)\n",
            ),
            Edit(DESK, "        self._ledger.moves += moves\n", ""),
            Edit(
                DESK,
                WRITTEN,
                "                        await self._checkpointer.flush()\n"
                "                        self._ledger.moves += moves\n" + WRITTEN,
            ),
        ),
        (
            "tests/scenarios/test_acts_and_audit.py"
            "::test_a_redriven_letter_moves_in_the_checkpoint_that_parks_its_row",
        ),
    ),
    Bug(
        "a redriven dead letter leaves the desk before its 2xx",
        (Edit(RETURNING, BEGIN, BEGIN.replace("REDRIVING", "DELIVERED")),),
        (f"{REDRIVEN}::test_a_dead_letter_leaves_the_desk_only_with_its_2xx",),
    ),
    Bug(
        "a redrive that dies again is counted again",
        (
            Edit(
                "triggers/failures.py",
                "        if row is None or not row.redrives:  # dead again: it is counted already\n"
                "            lane.count_dead()\n",
                "        lane.count_dead()\n",
            ),
        ),
        (f"{REDRIVEN}::test_failing_again_it_is_dead_again_with_all_its_attempts",),
    ),
    Bug(
        "a redrive that is delivered is counted as a delivery too",
        (
            Edit(
                "triggers/lane.py",
                "                self._redelivered += 1\n            else:\n",
                "                self._redelivered += 1\n            if True:\n",
            ),
        ),
        (f"{REDRIVEN}::test_a_dead_letter_leaves_the_desk_only_with_its_2xx",),
    ),
)

REPLAYING = (
    Bug(
        "a replay moves the cursor of its trigger",
        (
            Edit(
                "triggers/replay/lane.py",
                "self.cursor() if self.is_open else None",
                "replace(self.cursor(), trigger=self.job.trigger) if self.is_open else None",
            ),
        ),
        (
            "tests/scenarios/test_replay_cursor.py"
            "::test_after_a_crash_during_a_replay_its_trigger_repeats_nothing",
        ),
    ),
)

UNTOLD = (
    Bug(
        "a pause without a row in the audit",
        (
            Edit(
                STEERING,
                '            self._parts.audit(by, "pause" if is_paused else "resume", '
                "trigger, 1, reason)\n",
                "",
            ),
        ),
        (f"{AUDITED}[pause]",),
    ),
    Bug(
        "a reload without a row in the audit",
        (Edit(STEERING, "            if applied.count:\n", "            if applied.count < 0:\n"),),
        (f"{AUDITED}[reload]",),
    ),
    Bug(
        "a seek without a row in the audit",
        (Edit(SEEKING, '        parts.audit(by, "seek", detail, skipped, reason)\n', ""),),
        (f"{AUDITED}[seek]",),
    ),
    Bug(
        "an end without a row in the audit",
        (
            Edit(
                ENDING,
                '            parts.audit(by, "remove", f"{trigger}: {how}", slice_, reason)\n',
                "",
            ),
        ),
        (f"{AUDITED}[remove]",),
    ),
    Bug("a redrive without a row in the audit", (Edit(DESK, ACT, ""),), (AUDITED,)),
    Bug(
        "a replay without a row in the audit",
        (Edit(REPLAYS, "        self._means.ledger.audit.append(row)\n", ""),),
        (AUDITED,),
    ),
    Bug(
        "the audit of a redrive after its effect",
        (Edit(DESK, ACT, "                        await self._checkpointer.flush()\n" + ACT),),
        (AUDITED,),
    ),
    Bug(
        "the audit of a pause after its effect",
        (
            Edit(
                STEERING,
                '            self._parts.audit(by, "pause" if is_paused',
                "            await self._parts.flush()\n"
                '            self._parts.audit(by, "pause" if is_paused',
            ),
        ),
        (AUDITED,),
    ),
)

ACTS = (*RELOADING, *REDRIVING, *REPLAYING, *UNTOLD)
