"""An operator who turns every valve, one after the other, over the admin listener."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from tests.faults.process import Program

Body = Mapping[str, Any]
API = "/api/v1"


class Operator:
    """`asked` are all (method, path) so far; `write_with` and `write_without` the trigger
    `leaving` change the configuration on disk."""

    def __init__(
        self,
        program: Program,
        pause_seconds: float,
        write_with: Callable[[], None],
        write_without: Callable[[], None],
    ) -> None:
        self.asked: list[tuple[str, str]] = []
        self._program = program
        self._pause_seconds = pause_seconds
        self._write_with = write_with
        self._write_without = write_without

    async def turn_every_valve(self, round: str) -> None:
        """Every verb once, in an order in which each has something to do."""
        await self._look_around()
        await self._look_at_one()
        await self._steer(round)
        await self._change_the_configuration()
        await self._replay(round)
        await self._steer_file_job(round)
        await self._tend_dead_letters(round)

    async def _look_around(self) -> None:
        for path in ("/healthz", "/readyz", "/metrics", "/api/openapi.json"):
            await self.ask("GET", path)
        for path in ("/brokers", "/triggers", "/sinks", "/sources", "/events?limit=50",
                     "/dead-letters", "/dead-letter-groups", "/audit", "/tokens",
                     "/replays", "/files"):  # fmt: skip
            await self.ask("GET", API + path)

    async def _look_at_one(self) -> None:
        await self.ask("GET", f"{API}/brokers/default/default")
        await self.ask("GET", f"{API}/triggers/default/side")
        await self.ask("GET", f"{API}/sources/default/hooks")
        (sink, *_) = (await self.ask("GET", f"{API}/sinks"))["items"]
        await self.ask("GET", f"{API}/sink?name={quote(sink['name'], safe='')}")
        await self.ask("GET", f"{API}/scale/default/side")
        (event, *_) = (await self.ask("GET", f"{API}/events?limit=1"))["items"]
        stored = f"{API}/events/{quote(event['id'], safe='')}"
        await self.ask("GET", stored)
        await self.ask("GET", f"{stored}/why")
        event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "wanted"}
        await self.ask("POST", f"{API}/explain", {"event": event})

    async def _steer(self, round: str) -> None:
        side = f"{API}/triggers/default/side"
        await self.ask("POST", f"{side}/pause", {"reason": round})
        await self.ask("POST", f"{side}/seek", {"to": "latest", "reason": round})
        await self.ask("POST", f"{side}/resume", {"reason": round})
        sink = {"name": "iris", "reason": round}
        await self.ask("POST", f"{API}/sink/weight", {**sink, "weights": {"canary": 5}})
        await self.ask("POST", f"{API}/sink/weight", {**sink, "rollback": True})
        flower = {"specversion": "1.0", "id": "1", "source": "/s", "type": "flower", "data": [1.0]}
        await self.ask("POST", f"{API}/sink/try", {"name": "iris", "event": flower})
        hooks = f"{API}/sources/default/hooks"
        await self.ask("POST", f"{hooks}/pause", {"reason": round})
        await self.ask("POST", f"{hooks}/resume", {"reason": round})

    async def _change_the_configuration(self) -> None:
        text = await asyncio.to_thread(self._program.configuration.read_text)
        await self.ask("POST", f"{API}/diff", {"files": [{"name": "a.yaml", "text": text}]})
        self._write_without()
        await self.ask("POST", f"{API}/reload", {})
        body = {"how": "discard", "reason": "not wanted any more"}
        await self.ask("POST", f"{API}/triggers/default/leaving/remove", body)
        self._write_with()
        await self.ask("POST", f"{API}/reload", {})

    async def _replay(self, round: str) -> None:
        name = f"again-{round}"
        body = {"trigger": "main", "from": 1, "to": 1_000, "rate": 100.0, "id": name}
        await self.ask("POST", f"{API}/replays", body)
        await self.ask("GET", f"{API}/replays/{name}")
        for verb in ("pause", "resume", "cancel"):
            await self.ask("POST", f"{API}/replays/{name}/{verb}", {"reason": round})

    async def _steer_file_job(self, round: str) -> None:
        (job, *_) = (await self.ask("GET", f"{API}/files"))["items"]
        path = f"{API}/files/{job['id']}"
        await self.ask("GET", path)
        for verb in ("pause", "retry-errors", "resume", "cancel", "resume"):
            await self.ask("POST", f"{path}/{verb}", {"reason": round})

    async def _tend_dead_letters(self, round: str) -> None:
        path = f"{API}/dead-letters"
        where = "?where=" + quote("state = 'dead'")
        letters = (await self.ask("GET", f"{path}{where}"))["items"]
        back, away = letters[0]["id"], letters[1]["id"]
        await self.ask("GET", f"{path}/{back}")
        await self.ask("GET", f"{path}/{back}/why")
        await self.ask("GET", f"{path}/{back}/difference")
        await self._edit(f"{path}/{letters[2]['id']}/edit", round)
        await self._tend_group(f"{API}/dead-letter-groups/{letters[0]['group']}", round)
        wanted = {"verb": "export", "ids": [letters[0]["id"]]}
        plan = (await self.ask("POST", f"{path}/plans", wanted))["id"]
        await self._fetch(f"{path}/export?format=batch&plan={plan}")
        line = json.dumps({"specversion": "1.0", "id": round, "source": "/s", "type": "side"})
        imported = (await self.ask("POST", f"{path}/imports", {"lines": [line]}))["id"]
        await self.ask("GET", f"{path}/imports/{imported}")
        await self.ask("POST", f"{path}/imports/{imported}/act", {"lines": [line]})
        await self.ask("POST", f"{path}/redrive", {"ids": [back], "reason": round})
        await self.ask("POST", f"{path}/states", {"ids": [back]})
        await self.ask("POST", f"{path}/discard", {"ids": [away], "reason": round})
        await self.ask("POST", f"{path}/restore", {"ids": [away], "reason": round})
        await self._act_on_plans(round, away)

    async def _act_on_plans(self, round: str, letter: str) -> None:
        plans = f"{API}/dead-letters/plans"
        wanted = {"verb": "redrive", "ids": [letter]}
        plan = (await self.ask("POST", plans, wanted))["id"]
        await self.ask("GET", plans)
        await self.ask("GET", f"{API}/dead-letters/targets")
        await self.ask("GET", f"{plans}/{plan}")
        # Of a plan of one nothing is left to pause: it is asked of a job that sends slowly.
        slow = (await self.ask("POST", plans, {"verb": "redrive", "where": "state = 'dead'"}))["id"]
        await self.ask("POST", f"{plans}/{slow}/act", {"rate": 0.01, "reason": round})
        job = f"{API}/redrive-jobs/{slow}"
        await self.ask("GET", f"{API}/redrive-jobs")
        await self.ask("GET", job)
        for verb in ("pause", "resume", "cancel"):
            await self.ask("POST", f"{job}/{verb}", {"reason": round})
        await self.ask("GET", f"{job}/failed")

    async def _fetch(self, path: str) -> None:
        """A file: it comes in chunks."""
        await asyncio.sleep(self._pause_seconds)
        self.asked.append(("GET", path))
        status, answer = await self._exchange("GET", path, None)
        assert (status, answer[-5:]) == (200, b"0\r\n\r\n"), (status, answer)

    async def _edit(self, path: str, round: str) -> None:
        document = (await self.ask("GET", path))["document"] | {"subject": round}
        await self.ask("POST", path, {"document": document, "reason": round})

    async def _tend_group(self, path: str, round: str) -> None:
        await self.ask("GET", path)
        for verb in ("acknowledge", "note", "resolve", "reopen", "ignore", "reopen"):
            await self.ask("POST", f"{path}/{verb}", {"note": round, "owner": "busy"})

    async def ask(self, method: str, path: str, body: Body | None = None) -> Any:
        """The answer, which is 200, after a little rest."""
        await asyncio.sleep(self._pause_seconds)
        self.asked.append((method, path))
        status, answer = await self._exchange(method, path, body)
        assert status == 200, f"{method} {path}: {status} {answer!r}"
        return json.loads(answer) if path.startswith("/api/") else answer

    async def _exchange(self, method: str, path: str, body: Body | None) -> tuple[int, bytes]:
        assert self._program.admin is not None
        sent = b"" if body is None else json.dumps(body).encode()
        kind = "" if body is None else "content-type: application/json\r\n"
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n{kind}"
            f"content-length: {len(sent)}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection(*self._program.admin)
        writer.write(head.encode() + sent)
        told, _, answer = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        return int(told.split(b" ", 2)[1]), answer

    def missed(self, described: Mapping[str, Mapping[str, object]]) -> set[tuple[str, str]]:
        """The operations of the OpenAPI paths `described` that were never asked."""
        return {
            (method.upper(), route)
            for route, operations in described.items()
            for method in operations
            if not any(method.upper() == used and _is_of(route, path) for used, path in self.asked)
        }


def _is_of(route: str, path: str) -> bool:
    pattern = re.sub(r"\\{[a-z]+\\}", "[^/]+", re.escape(route))
    return re.fullmatch(pattern, path.partition("?")[0]) is not None
