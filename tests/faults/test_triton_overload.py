"""A real Triton whose queue is too short for the backlog: what it refuses comes again later."""

from pathlib import Path

from tests.faults.overloading import carry_backlog
from tests.servers.triton import Triton


async def test_a_full_queue_costs_no_attempt_and_no_event(tmp_path: Path, triton: Triton) -> None:
    """More calls at once than Triton queues, one event in each."""
    model = {
        "protocol": "v2",
        "url": triton.url,
        "model": "slow",
        "input": {"tensors": [{"name": "seconds", "path": "", "datatype": "FP32"}]},
        "batch": {"maxRecords": 1},
        "limits": {"maxInFlight": 64, "initialInFlight": 64},
    }

    refusals = await carry_backlog(tmp_path, model, lambda _: b"[[0.02]]")

    assert refusals["overload"] > 0
    assert set(refusals) == {"overload"}
