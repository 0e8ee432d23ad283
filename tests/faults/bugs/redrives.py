"""Bugs in redrives by plan, as jobs, and in what is discarded by one."""

from tests.faults.bugs.bug import Bug, Edit

WATCHING = "triggers/redrive/watching.py"
VERBS = "triggers/redrive/verbs.py"
BINNING = "triggers/redrive/binning.py"
LANE = "triggers/lane.py"
JOBS = "tests/triggers/redrive/test_redrive_jobs.py"
BINNED = "tests/triggers/redrive/test_binning.py"

REDRIVES = (
    Bug(
        "a redrive job is written in another checkpoint than its moves",
        (
            Edit(
                WATCHING,
                "            ledger.records.append(Record(PREFIX + name, encode(job)))\n",
                "            ledger.records += self.__dict__.get(name, [])\n"
                "            self.__dict__[name] = [Record(PREFIX + name, encode(job))]\n",
            ),
        ),
        (f"{JOBS}::test_a_job_is_written_in_the_checkpoints_of_the_moves_that_it_counts",),
    ),
    Bug(
        "an act on a plan twice makes two redrive jobs",
        (
            Edit(
                VERBS,
                "        if self.find(plan_id) is not None:\n"
                "            return await self._written(plan_id), False\n",
                "",
            ),
            Edit(
                VERBS,
                "        if self.find(plan_id) is not None:  # asked twice at once\n"
                "            return await self._written(plan_id), False\n",
                "",
            ),
        ),
        (f"{JOBS}::test_acting_on_a_plan_again_gives_the_same_job",),
    ),
    Bug(
        "redrives take all slots of their trigger",
        (Edit(LANE, "        return self.spec.share_max * ", "        return 32 * "),),
        (f"{JOBS}::test_a_job_takes_a_quarter_of_the_slots_at_most",),
    ),
    Bug(
        "how far a discard is stands in another checkpoint than its moves",
        (
            Edit(
                BINNING,
                "        self._plans.note(self.plan)\n\n    def gone",
                "\n    def gone",
            ),
            Edit(
                BINNING,
                "            self._plans.keep(sliced.plan)\n",
                "            self._plans.put(sliced.plan)\n",
            ),
        ),
        (f"{BINNED}::test_how_far_it_is_stands_in_the_checkpoint_of_its_moves",),
    ),
)
