"""Bugs of sources: a position apart from its events, what is refused forgotten, a hot loop."""

from tests.faults.bugs.bug import Bug, Edit

OUTLET = "deploy/sources/outlet.py"
SUPERVISOR = "deploy/sources/supervisor.py"
OUTLET_TESTS = "tests/sources/test_outlet.py"

SOURCES = (
    Bug(
        "a source's position is not stored with its events",
        (
            Edit(
                OUTLET,
                "self._door.accept(events, tell, self._principal, rows, True)",
                "self._door.accept(events, tell, self._principal, (), True)",
            ),
        ),
        (f"{OUTLET_TESTS}::test_events_and_records_come_back_after_a_crash",),
    ),
    Bug(
        "a failing source is run again at once",
        (
            Edit(
                SUPERVISOR,
                "            if not self._was_steady():\n                raise\n",
                "",
            ),
        ),
        (
            "tests/deploy/sources/test_supervisor.py"
            "::test_one_that_connects_and_fails_at_once_is_no_hot_loop",
        ),
    ),
)
