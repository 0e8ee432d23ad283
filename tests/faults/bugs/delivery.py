"""Bugs on the way of a delivery: cursors, sinks, breaker, attempts."""

from tests.faults.bugs.bug import Bug, Edit

LANE = "triggers/lane.py"
CURSORS = "triggers/cursors.py"
HTTP = "sinks/http.py"
CONSERVATION = "tests/scenarios/test_conservation.py"
RUDE = "tests/faults/test_rude_sinks.py"

FOLLOW = """        post.tell = lambda _, outcome: self._follow(delivery, deadline, outcome, done)
        self._submit(post)

    def _follow(self, delivery, deadline, outcome, done):
        headers = dict(outcome.evidence.headers) if isinstance(outcome, Failed) else {}
        if "location" not in headers:
            done(delivery, outcome)
        else:
            self._at(headers["location"]).start(delivery, deadline, done)
"""

BEFORE_OPEN = "return Cursor(lane.name, first - 1, (*settled, *skip_beyond(lane, end)))"

DELIVERY = (
    Bug(
        "cursor past an unfinished delivery",
        (Edit(CURSORS, BEFORE_OPEN, "return Cursor(lane.name, end, skip_beyond(lane, end))"),),
        (f"{CONSERVATION}::test_a_delivery_under_way_at_a_crash_is_made_again",),
    ),
    Bug(
        "cursor at the highest settled",
        (
            Edit(
                CURSORS,
                BEFORE_OPEN,
                "highest = settled[-1][1] if settled else first - 1\n"
                "    return Cursor(lane.name, highest, skip_beyond(lane, end))",
            ),
        ),
        (f"{CONSERVATION}::test_a_delivery_under_way_at_a_crash_is_made_again",),
    ),
    Bug(
        "settled before the POST",
        (
            Edit(
                LANE,
                "            self.open[stored.offset] = None\n"
                "            self.in_flight_deliveries += 1\n",
                "            self.in_flight_deliveries += 1\n",
            ),
        ),
        (f"{CONSERVATION}::test_a_delivery_under_way_at_a_crash_is_made_again",),
    ),
    Bug(
        "redirects followed",
        (
            Edit(
                HTTP,
                "        self._clock = clock\n",
                "        self._clock = clock\n"
                "        self._at = lambda url: "
                "HttpSink(HttpSinkSpec(url), client, clock, policy=policy)\n",
            ),
            Edit(HTTP, "        post.tell = done\n        self._submit(post)\n", FOLLOW),
        ),
        (f"{RUDE}::test_no_redirect_is_followed",),
    ),
    Bug(
        "a time-out for each read only",
        (
            Edit(
                "sinks/http_connection.py",
                "        self._whole = None if reader.has_begun else data\n",
                "        self._whole = None if reader.has_begun else data\n"
                "        self.call.deadline += 1.0\n",
            ),
        ),
        (f"{RUDE}::test_the_deadline_is_one_for_all",),
    ),
    Bug(
        "an open breaker uses attempts",
        (
            Edit(
                "triggers/pool.py",
                "        until = lane.target.admit(now)\n",
                "        until = lane.target.admit(now) and 0.0\n",
            ),
            Edit(
                "triggers/dispatcher.py",
                '        start = getattr(lane.sink, "start", None)\n',
                '        start = getattr(lane.sink, "start", None)\n'
                '        if lane.target.state.value == "open":\n'
                "            for carriage in batch:\n"
                "                carriage.target = lane.target\n"
                '            outcomes = defects(batch, "the breaker is open")\n'
                "            self._settle(lane, batch, outcomes, started, ended)\n"
                "            return\n",
            ),
        ),
        (
            "tests/scenarios/test_open_breaker.py"
            "::test_every_attempt_that_is_counted_was_a_call_to_the_sink",
        ),
    ),
)
