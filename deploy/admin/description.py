"""The description of the interface: what FastAPI knows, made whole.

Each operation says which role it takes, shows an answer, and lists its refusals; a list
says what a list is. What is derived here cannot be forgotten at a route.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.openapi.utils import get_openapi
from fastapi.params import Query
from fastapi.routing import APIRoute, APIRouter

from deploy.access.roles import Role
from deploy.admin.example_answers import ANSWERS, problem_example

Operation = dict[str, Any]

SUMMARY = "Look at and steer a running headrace."
TAGS = [
    {"name": "brokers", "description": "Logs of events, and what they hold."},
    {"name": "triggers", "description": "Where each trigger stands, and its valves."},
    {"name": "sinks", "description": "Endpoints and their states."},
    {"name": "sources", "description": "What makes events by itself, and its valve."},
    {"name": "events", "description": "What is stored, and what became of it."},
    {"name": "dead-letters", "description": "What could not be delivered, and ways back."},
    {"name": "replays", "description": "Stored events delivered again."},
    {"name": "files", "description": "Files predicted record by record, as jobs."},
    {"name": "configuration", "description": "What runs, and what a reload would change."},
    {"name": "access", "description": "Tokens, and the audit of what was done."},
    {"name": "health", "description": "For probes and scrapers."},
]
TAG_OF = {
    "dead-letter-groups": "dead-letters",
    "redrives": "dead-letters",
    "redrive-jobs": "dead-letters",
    "replay": "replays",
    "reload": "configuration",
    "diff": "configuration",
    "explain": "events",
    "sink": "sinks",
    "scale": "sinks",
    "audit": "access",
    "tokens": "access",
}
REFUSALS = {
    "400": "What was asked makes no sense.",
    "401": "No token, or none that counts.",
    "403": "The token's role does not reach, or a page of another origin asked.",
    "404": "There is no such thing.",
    "409": "Someone was first, or it cannot be now.",
    "413": "The body is too large.",
    "415": "The body is no JSON.",
    "503": "Not now; Retry-After says when.",
}
PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457, with a stable code for machines and a remedy for people.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "where": {"type": "string"},
        "remedy": {"type": "string"},
    },
}
LIST: Mapping[str, Any] = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {
        "items": {"type": "array", "items": {"type": "object"}},
        "next": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
    },
}


def describe(app: FastAPI, routers: list[APIRouter]) -> dict[str, Any]:
    """The OpenAPI document of the application made of these routers."""
    document = get_openapi(
        title="headrace",
        version=app.version,
        summary=SUMMARY,
        routes=app.routes,
        tags=TAGS,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    schemas["List"] = LIST
    for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's 422: here it is 400
        schemas.pop(unused, None)
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    roles = {
        (method, route.path_format): role_of_route(route)
        for router in routers
        for route in api_routes(router)
        for method in route.methods or ()
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(path, method.upper(), operation, roles.get((method.upper(), path)))
    return document


def api_routes(router: APIRouter) -> Iterator[APIRoute]:
    """The routes of one router."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route


def role_of_route(route: APIRoute) -> Role | None:
    """The least role that `route` names; None where it names none."""
    return _role_of(route.dependant)


def known_parameters(route: APIRoute) -> frozenset[str]:
    """The names that a query to `route` may use."""
    fields = get_flat_params(route.dependant)
    return frozenset(field.alias for field in fields if isinstance(field.field_info, Query))


def _role_of(dependant: Dependant) -> Role | None:
    found = [
        role
        for below in dependant.dependencies
        if (role := getattr(below.call, "role", None) or _role_of(below)) is not None
    ]
    return max(found, default=None)


def _complete(path: str, method: str, operation: Operation, role: Role | None) -> None:
    operation["tags"] = [_tag(path)]
    said = operation.get("description", "").strip()
    takes = "Takes no token." if role is None else f"Takes the role {role.word}."
    operation["description"] = f"{said}\n\n{takes}".strip()
    if role is not None:
        operation["security"] = [{"token": []}]
    responses: dict[str, Any] = operation["responses"]
    responses.pop("422", None)
    _complete_answer(f"{method} {path}", responses.get("200", {}))
    if path.startswith("/api/"):
        for status, meaning in REFUSALS.items():
            responses.setdefault(status, _refusal(status, meaning))


def _complete_answer(operation: str, answer: dict[str, Any]) -> None:
    content = answer.get("content", {}).get("application/json")
    if content is None:
        return
    if "example" not in content and operation in ANSWERS:
        content["example"] = ANSWERS[operation]
    example = content.get("example")
    if isinstance(example, dict) and {"items", "next"} <= example.keys():
        content["schema"] = {"$ref": "#/components/schemas/List"}


def _refusal(status: str, meaning: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    example = problem_example(int(status))
    content = {"application/problem+json": {"schema": schema, "example": example}}
    return {"description": meaning, "content": content}


def _tag(path: str) -> str:
    noun = path.removeprefix("/api/v1/").partition("/")[0]
    noun = TAG_OF.get(noun, noun)
    return noun if any(noun == tag["name"] for tag in TAGS) else "health"
