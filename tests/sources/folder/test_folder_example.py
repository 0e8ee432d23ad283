"""The example, run: what is put into its folder lands in its file."""

import asyncio
import json
import time
from pathlib import Path

from tests.deploy.living import living

EXAMPLE = Path(__file__).parents[3] / "deploy" / "examples" / "folder-source.yaml"
DEADLINE_SECONDS = 30.0


async def test_the_example_tells_of_whole_files_that_it_selects(tmp_path: Path) -> None:
    (tmp_path / "drop" / "orders" / "eu").mkdir(parents=True)
    (tmp_path / "drop" / "orders" / "eu" / "1.json").write_text("{}")
    (tmp_path / "drop" / "half.csv.part").write_text("a")
    file = tmp_path / "files.ndjson"

    async with living(tmp_path, EXAMPLE.read_text()):
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (file.exists() and file.read_text()):
            assert time.monotonic() < deadline, "nothing was written"
            await asyncio.sleep(0.05)

    (line,) = file.read_text().splitlines()
    told = json.loads(line)
    assert (told["type"], told["subject"], told["filesize"]) == (
        "dev.headrace.folder.created", "orders/eu/1.json", "2",
    )  # fmt: skip
