"""`headrace verify` after an operator was there: what was moved still adds up on the disk."""

from pathlib import Path

from deploy.verification import Verdict, verify_folder
from tests.deploy.living import BROKER, TRIGGER, event, living

ORDERED = TRIGGER.replace("name: orders", "name: ordered").replace(
    "spec:", "spec:\n  order: {by: partitionkey}", 1
)
TYPES = ("taken", "taken", "refused", "busy")
NAMES = ("default/orders", "default/ordered")


async def steered(folder: Path, *offsets: int) -> Verdict:
    """Both triggers, with some of all that can become of a delivery, sought to each offset."""
    async with living(folder, f"{BROKER}---{TRIGGER}---{ORDERED}") as headrace:
        events = (event(n, TYPES[n % 4], partitionkey=f"k{n % 5}") for n in range(40))
        await headrace.publish(*events)
        steering = headrace.process.running.brokers["default/default"].partition.steering
        for offset in offsets:
            for name in NAMES:
                await headrace.rest(name)
                await steering.seek(name, offset, "anna")
        for name in NAMES:
            await headrace.rest(name)
    (verdict,) = verify_folder(folder / "data")
    return verdict


async def test_after_a_seek_back_all_adds_up(tmp_path: Path) -> None:
    verdict = await steered(tmp_path, 5)

    assert verdict.mistakes == ()


async def test_after_seeks_to_and_fro_all_adds_up(tmp_path: Path) -> None:
    verdict = await steered(tmp_path, 5, 39, 20, 41, 1)

    assert verdict.mistakes == ()


async def test_what_a_pause_and_a_seek_skip_adds_up(tmp_path: Path) -> None:
    async with living(tmp_path) as headrace:
        steering = headrace.process.running.brokers["default/default"].partition.steering
        await steering.pause("default/orders", "anna")
        await headrace.publish(*(event(n, TYPES[n % 4]) for n in range(1500)))
        sought = await steering.seek("default/orders", 1401, "anna")
        await steering.resume("default/orders", "anna")
        await headrace.rest()

    (verdict,) = verify_folder(tmp_path / "data")
    assert sought.skipped == 1400
    assert verdict.mistakes == ()
