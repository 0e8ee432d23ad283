"""Bugs of sources: a position apart from its events, waits that stay short."""

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
        "the waits of a failing source do not grow",
        (
            Edit(
                SUPERVISOR,
                "min=WAIT_SECONDS_MIN, max=WAIT_SECONDS_MAX",
                "min=WAIT_SECONDS_MIN, max=WAIT_SECONDS_FIRST",
            ),
        ),
        (
            "tests/deploy/sources/test_supervisor.py"
            "::test_one_that_fails_is_tried_for_ever_and_later_each_time",
        ),
    ),
)
