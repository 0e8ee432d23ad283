"""How an export is read: whole, however few dead letters come in one page."""

from broker.storage.desk import Condition, DeadPage
from broker.storage.memory.desk import MemoryDesk
from deploy.admin.dead_letter_export import read_letters
from tests.scenarios.house import House
from tests.triggers.redrive.jobs_house import house_with, plan_all, redrives
from triggers.redrive import PlanRequest


class BriefDesk(MemoryDesk):
    """Its dead letters are so large that a page holds three of them."""

    async def page(self, condition: Condition, cursor: str | None, limit: int) -> DeadPage:
        return await super().page(condition, cursor, min(limit, 3))


async def test_an_export_has_all_though_a_page_has_room_for_few() -> None:
    house = await house_with(20)
    plan = await plan_all(house, PlanRequest("export"))

    found = [one async for one in read_letters(brief(house), redrives(house).plans, plan)]

    assert sorted(int(one.event.id) for one in found) == list(range(20))
    await house.end()


def brief(house: House) -> BriefDesk:
    return BriefDesk(house.engine.desk._state, house.clock)
