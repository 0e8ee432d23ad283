"""Is it alive, may it be sent to, and the metrics page."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from broker.errors import HeadraceError
from deploy.admin.access import Looker
from deploy.exporters import render_metrics
from deploy.running import Running

router = APIRouter()

NOT_NOW: dict[int | str, dict[str, Any]] = {
    503: {"description": "Not now; one line for each reason.", "content": {"text/plain": {}}}
}


@router.get("/healthz", response_class=PlainTextResponse, responses=NOT_NOW)
async def healthz(request: Request) -> Response:
    """200 while the loop turns and every writer answers; asks nothing outside."""
    return await _answer(request.app.state.running, ready=False)


@router.get("/readyz", response_class=PlainTextResponse, responses=NOT_NOW)
async def readyz(request: Request) -> Response:
    """200 while events can be accepted: stores writable, disk above the reserve, not draining."""
    return await _answer(request.app.state.running, ready=True)


async def _answer(running: Running, ready: bool) -> Response:
    problems = ["draining"] if ready and running.is_draining else []
    for broker in running.brokers.values():
        if broker.failure is not None:
            problems.append(f"{broker.spec.name}: {broker.failure}")
            continue
        try:
            await broker.engine.log.probe()
        except HeadraceError as error:
            # A full disk stops accepting, not living: deliveries go on from the reserve.
            if ready or error.code != "store-full":
                problems.append(f"{broker.spec.name}: {error.what}")
    text = "\n".join(problems) if problems else "ok"
    return Response(text + "\n", 503 if problems else 200, media_type="text/plain")


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request, by: Looker) -> Response:
    """All metrics, as Prometheus or OpenMetrics scrapes them."""
    body, content_type = await render_metrics(request.app.state.running)
    return Response(body, headers={"content-type": content_type})
