"""Kubernetes objects as they come in JSON: what is read of them. Pure."""

from typing import Any, NamedTuple

from broker.errors import Unavailable
from sources.api_server.options import Owner

Found = dict[str, Any]


class Known(NamedTuple):
    """What is kept of an object that was told of."""

    uid: str
    version: str  # its metadata.resourceVersion


class Identity(NamedTuple):
    """`namespace` is empty for an object that is in none."""

    namespace: str
    name: str
    uid: str
    version: str


def identity_of(found: Any) -> Identity:
    """Raises Unavailable where `found` is no object."""
    try:
        metadata = found["metadata"]
        return Identity(
            metadata.get("namespace") or "",
            metadata["name"],
            metadata["uid"],
            metadata["resourceVersion"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise odd_answer("something that is no object") from error


def version_of(found: Any) -> str:
    """The resourceVersion of a list or a bookmark; raises Unavailable where there is none."""
    metadata = found.get("metadata") if isinstance(found, dict) else None
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    if not isinstance(version, str) or not version:
        raise odd_answer("no resourceVersion")
    return version


def is_controlled_by(found: Found, owner: Owner) -> bool:
    """Whether the owner reference with `controller: true` is one of `owner`."""
    references = found["metadata"].get("ownerReferences") or ()
    controller = next((one for one in references if one.get("controller")), None)
    return (
        controller is not None
        and owner.api_version in ("", controller.get("apiVersion"))
        and owner.kind in ("", controller.get("kind"))
    )


def odd_answer(what: str) -> Unavailable:
    return Unavailable(
        f"the API server's answer holds {what}",
        remedy="check that the address is that of a Kubernetes API server",
    )
