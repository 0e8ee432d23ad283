"""How a server serves a kind: from its discovery document to paths. Pure."""

from typing import Any, NamedTuple

from sources.api_server.objects import odd_answer
from sources.api_server.options import Selection
from sources.api_server.refusals import NotServed


class Served(NamedTuple):
    """What a kind is called in paths, and whether its objects are in namespaces."""

    plural: str
    is_namespaced: bool

    def path(self, selection: Selection, namespace: str) -> str:
        """Where its objects are listed; `namespace` empty: in all of them."""
        place = f"/namespaces/{namespace}" if namespace else ""
        return f"{selection.path}{place}/{self.plural}"


def served_of(found: Any, kind: str) -> Served | None:
    """From an APIResourceList; None where it has no `kind` that can be watched."""
    try:
        for one in found["resources"]:
            is_whole = "/" not in one["name"]  # pods, not pods/log
            if is_whole and one["kind"] == kind and "watch" in one["verbs"]:
                return Served(one["name"], one["namespaced"])
    except (KeyError, TypeError) as error:
        raise odd_answer("no list of resources") from error
    return None


def not_served(selection: Selection, where: str) -> NotServed:
    return NotServed(
        f"the API server has no {selection.kind} in {selection.api_version} that can be watched",
        where=where,
        remedy="install its CustomResourceDefinition, or mend apiVersion and kind",
    )
