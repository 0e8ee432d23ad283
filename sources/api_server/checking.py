"""Trying what a source will need, changing nothing: the server, its kinds, the rights."""

import asyncio
from typing import Any

from broker.errors import Forbidden, Unavailable
from sources.api_server.client import Client
from sources.api_server.discovery import find_served
from sources.api_server.options import ApiServerOptions
from sources.api_server.refusals import Right

_SHOWN_MAX = 5
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


async def check(client: Client, options: ApiServerOptions, seconds: float) -> str:
    """What was found, in a sentence; raises what is missing, all missing rights at once."""
    try:
        async with asyncio.timeout(seconds):
            return await _Check(client, options).run()
    except TimeoutError as error:
        raise Unavailable(
            f"the check took longer than {seconds:.0f} s",
            where=client.url,
            remedy="check the address, and that the server is not overloaded",
        ) from error


class _Check:
    def __init__(self, client: Client, options: ApiServerOptions) -> None:
        self._client = client
        self._options = options
        self._missing: list[Forbidden] = []
        self._objects = 0

    async def run(self) -> str:
        version = await self._client.get("/version", {}, Right("get"))
        rights = await self._rights()
        for right, path, query in rights:
            await self._try(right, path, query)
        if self._missing:
            raise self._all_missing()
        kinds = ", ".join(selection.kind for selection in self._options.resources[:_SHOWN_MAX])
        more = len(self._options.resources) - _SHOWN_MAX
        places = "all namespaces" if self._is_of_all else ", ".join(self._options.namespaces)
        return (
            f"Kubernetes {_text(version, 'gitVersion')} at {self._client.url}: "
            f"{kinds}{f' and {more} more' if more > 0 else ''} in {places} can be listed and "
            "watched, "
            f"about {self._objects} objects now"
        )

    @property
    def _is_of_all(self) -> bool:
        return self._options.namespace_selector is not None

    async def _rights(self) -> list[tuple[Right, str, dict[str, str]]]:
        """Each (right, path, query) to try; selected namespaces need theirs in all of them."""
        found: list[tuple[Right, str, dict[str, str]]] = []
        if self._options.namespace_selector:
            query = {"labelSelector": self._options.namespace_selector}
            found.append((Right("list", "", "namespaces"), "/api/v1/namespaces", query))
        for selection in self._options.resources:
            served = await find_served(self._client, selection)
            places = [""] if self._is_of_all else list(self._options.namespaces)
            query = {
                "labelSelector": selection.label_selector,
                "fieldSelector": selection.field_selector,
            }
            asked = {key: value for key, value in query.items() if value}
            for place in places if served.is_namespaced else [""]:
                right = Right("list", selection.group, served.plural, place)
                found.append((right, served.path(selection, place), asked))
        return found

    async def _try(self, right: Right, path: str, query: dict[str, str]) -> None:
        try:
            page = await self._client.get(path, {**query, "limit": "1"}, right)
        except Forbidden as error:
            self._missing.append(error)
            return
        self._objects += len(page.get("items") or ())
        self._objects += page["metadata"].get("remainingItemCount") or 0
        watch = right._replace(verb="watch")
        if not await self._may(watch):
            self._missing.append(
                Forbidden(f"not allowed to {watch}", where=self._client.url, remedy=watch.remedy)
            )

    async def _may(self, right: Right) -> bool:
        """By the server's own word: to begin a watch would take as long as one waits for it."""
        attributes = {
            "verb": right.verb,
            "group": right.group,
            "resource": right.plural,
            "namespace": right.namespace,
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        found = await self._client.post(_REVIEWS, review, Right("create"))
        return bool(found.get("status", {}).get("allowed"))

    def _all_missing(self) -> Forbidden:
        first, *others = self._missing
        if not others:
            return first
        return Forbidden(
            "; ".join(error.what for error in self._missing),
            where=self._client.url,
            remedy="; ".join(dict.fromkeys(error.remedy or "" for error in self._missing)),
        )


def _text(found: Any, key: str) -> str:
    return str(found.get(key, "of an unknown version")) if isinstance(found, dict) else "unknown"
