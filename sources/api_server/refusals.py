"""What an API server answers where it does not do as asked, as errors. Pure.

Source: Kubernetes API conventions, "Response Status Kind"; a path that is not served is
answered in plain text.
"""

from typing import Any, NamedTuple

import orjson

from broker.errors import Forbidden, HeadraceError, Invalid, Unauthorized, Unavailable

_SHOWN_CHARACTERS_MAX = 300


class Expired(Unavailable):
    """The history that was asked for is gone: list again."""

    code = "expired"


class NotServed(Unavailable):
    """The server knows no such kind (yet)."""

    code = "not-served"


class Right(NamedTuple):
    """What a request needs; `plural` empty where it needs none, `namespace` where it is of all."""

    verb: str
    group: str = ""
    plural: str = ""
    namespace: str = ""

    @property
    def rule(self) -> str:
        """What a Role or ClusterRole needs among its `rules`."""
        return (
            f'{{apiGroups: ["{self.group}"], resources: [{self.plural}], '
            "verbs: [get, list, watch]}"
        )

    @property
    def remedy(self) -> str:
        if not self.plural:
            return "give the account a role that may do this"
        place = f"a Role in namespace {self.namespace}" if self.namespace else "a ClusterRole"
        return f"add {self.rule} to {place}, and bind it to the account that is used here"

    def __str__(self) -> str:
        where = f"in namespace {self.namespace}" if self.namespace else "in all namespaces"
        kind = f"{self.plural}.{self.group}" if self.group else self.plural
        return f"{self.verb} {kind} {where}"


def refusal(status: int, body: bytes, right: Right, where: str) -> HeadraceError:
    """The error for an answer other than 200; `where` is the server's address."""
    message = said_in(body)
    told = f"{right}: {message}" if right.plural else message
    if status == 401:
        return Unauthorized(
            "the API server does not accept the credentials",
            where=where,
            remedy="give a token that is valid and not expired, or a client certificate that "
            "its CA signed; a tokenFile is read again by itself",
        )
    if status == 403:
        return Forbidden(f"not allowed to {told}", where=where, remedy=right.remedy)
    if status == 404:
        remedy = "check apiVersion and kind, or install its CustomResourceDefinition"
        return NotServed(f"not there: {told}", where=where, remedy=remedy)
    if status == 410:
        return Expired(f"expired: {told}", where=where, remedy="nothing: it is listed again")
    if status in (408, 429) or status >= 500:
        return Unavailable(
            f"the API server answers {status}: {told}",
            where=where,
            remedy="it is tried again; see the log of kube-apiserver if it lasts",
        )
    remedy = "mend what the message names: a selector, the address"
    return Invalid(f"the API server refuses ({status}): {told}", where=where, remedy=remedy)


def refusal_in_stream(found: Any, right: Right, where: str) -> HeadraceError:
    """The error for an ERROR line of a watch, whose object is a Status."""
    code = found.get("code") if isinstance(found, dict) else None
    status = code if isinstance(code, int) else 500
    return refusal(status, orjson.dumps(found), right, where)


def said_in(body: bytes) -> str:
    """The sentence in a Status, or the text as it is, fit for one line."""
    try:
        status = orjson.loads(body)
        text = str(status["message"])
    except (ValueError, KeyError, TypeError):
        text = body.decode(errors="replace").strip() or "no reason given"
    line = " ".join(text.split())[:_SHOWN_CHARACTERS_MAX]
    return "".join(character for character in line if character.isprintable())
