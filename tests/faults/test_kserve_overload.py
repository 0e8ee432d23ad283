"""A real KServe that says 503 and when to come again: the whole sink is spared until then."""

from pathlib import Path

from tests.faults.overloading import carry_backlog
from tests.servers.kserve import KServe


async def test_retry_after_costs_no_attempt_and_no_event(tmp_path: Path, kserve: KServe) -> None:
    """More calls at once than the model takes."""
    model = {
        "protocol": "v1",
        "url": kserve.url,
        "model": "crowded",
        "limits": {"maxInFlight": 16, "initialInFlight": 8},
    }

    refusals = await carry_backlog(tmp_path, model, lambda number: b"%d" % number)

    assert refusals["overload"] > 0
    assert set(refusals) == {"overload"}
