"""The brokers under test: the reference works, and headrace accepts what the bench configures."""

from pathlib import Path

import pytest

from deploy.config.read import read_configuration
from tests.bench.bench import REFERENCE, Bench, Shape
from tests.bench.configuration import filter_fields, plan_triggers, write_configuration
from tests.bench.program import BenchFailed, Program, free_port
from tests.bench.run import main
from tests.bench.session import session
from tests.bench.throughput import measure_closed
from tests.bench.workloads import find_faults


async def test_the_reference_delivers_what_it_accepted_to_each_trigger(tmp_path: Path) -> None:
    bench = Bench(tmp_path, seconds=0.3, warmup_seconds=0.1, has_cores=False, uses_tools=False)

    async with session(bench, REFERENCE, Shape(3, 2, connections=8)) as running:
        figures = await measure_closed(bench, running)

    assert find_faults("e2e-1", figures) == []
    assert figures["deliveries"] == 2 * figures["accepted"] > 0


@pytest.mark.parametrize("dialect", ["attributes", "exact", "prefix", "suffix", "cesql"])
def test_headrace_reads_the_configuration_of_the_bench(tmp_path: Path, dialect: str) -> None:
    path = tmp_path / "headrace.yaml"
    uri = "http://127.0.0.1:9999/{i}"
    delivery = {"timeout": "PT2S", "retry": 3, "backoffDelay": "PT0.2S"}

    write_configuration(path, plan_triggers(3, 2, uri, dialect, delivery))

    configuration = read_configuration([path], {})
    assert len(configuration.triggers) == 3


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(ValueError, match="no filter dialect 'regex'"):
        filter_fields("regex", "com.example")


def test_a_program_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    command = ["python3", "-c", "raise SystemExit('no such thing')"]
    program = Program(command, free_port(), tmp_path / "log")

    with pytest.raises(BenchFailed, match="no such thing"):
        program.start()


def test_an_unknown_workload_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--names", "e2e-9"])

    assert code == 2
    assert "e2e-9" in capsys.readouterr().err
