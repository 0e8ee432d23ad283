"""Changes to events, with the types and attributes of Knative's ApiServerSource. Pure.

Other than there: `id` follows from the object, so that the broker's dedupe knows a repeat;
`subject` has the resource's true plural (there: the kind and an s), and no empty namespace for
objects that are in none. References carry uid and resourceVersion too.
"""

import orjson

from broker.codec import make_event
from broker.event import Event
from sources.api_server.inventory import Change
from sources.api_server.objects import Found
from sources.api_server.options import Mode, Selection
from sources.api_server.served import Served

_TYPES = {"Resource": "dev.knative.apiserver.resource.", "Reference": "dev.knative.apiserver.ref."}


class EventMaker:
    """For one kind at one API server; `url` is the events' source."""

    def __init__(self, url: str, selection: Selection, served: Served, mode: Mode) -> None:
        self._url = url
        self._api_version = selection.api_version
        self._kind = selection.kind
        self._plural = served.plural
        self._mode = mode

    def make(self, change: Change, time: str) -> Event:
        """`time` (RFC 3339) is when it was seen: the API tells no other for all changes."""
        identity = change.identity
        attributes = {
            "specversion": "1.0",
            "id": f"{self._api_version}/{identity.uid}/{identity.version}/{change.act}",
            "source": self._url,
            "type": _TYPES[self._mode] + change.act,
            "subject": self._subject(identity.namespace, identity.name),
            "time": time,
            "apiversion": self._api_version,
            "kind": self._kind,
            "name": identity.name,
            "datacontenttype": "application/json",
        }
        if identity.namespace:
            attributes["namespace"] = identity.namespace
        data = self._reference(change) if self._mode == "Reference" else self._resource(change)
        # Sorted: a list and a watch give the same object in another order.
        return make_event(attributes, orjson.dumps(data, option=orjson.OPT_SORT_KEYS))

    def _subject(self, namespace: str, name: str) -> str:
        place = f"/namespaces/{namespace}" if namespace else ""
        return f"/apis/{self._api_version}{place}/{self._plural}/{name}"

    def _resource(self, change: Change) -> Found:
        """The object in its last state; of one that went unseen, what is known of it."""
        named = {"apiVersion": self._api_version, "kind": self._kind}
        if change.found is not None:
            return change.found | named  # items of a list do not say what they are
        identity = change.identity
        metadata = {
            "name": identity.name,
            "uid": identity.uid,
            "resourceVersion": identity.version,
        }
        if identity.namespace:
            metadata["namespace"] = identity.namespace
        return {**named, "metadata": metadata}

    def _reference(self, change: Change) -> Found:
        """An ObjectReference of Kubernetes."""
        identity = change.identity
        reference = {
            "apiVersion": self._api_version,
            "kind": self._kind,
            "name": identity.name,
            "uid": identity.uid,
            "resourceVersion": identity.version,
        }
        if identity.namespace:
            reference["namespace"] = identity.namespace
        return reference
