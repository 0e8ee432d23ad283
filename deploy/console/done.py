"""What a page says after a verb: one of these sentences, so that no link can put words into it."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Request, Response

from deploy.console.pages import see
from deploy.console.words import number

SENTENCES: Mapping[str, str] = {
    "pause": "Paused. Calls in flight end; no more begin.",
    "resume": "Resumed.",
    "seek": "The trigger goes on there; {count} stored events lie between.",
    "discard": "{count} discarded. They can be restored for seven days.",
    "restore": "{count} restored: dead again, and here.",
    "cancel": "Cancelled.",
    "retry-errors": "What failed is tried again.",
    "judge": "Kept.",
    "nothing": "Nothing was changed: it was so already.",
}


def back_to(place: str, verb: str, count: int | None = None) -> Response:
    """See the page at `place`, which has no query, after `verb` was done."""
    told = {"done": verb} if count is None else {"done": verb, "count": count}
    return see(f"{place}?{urlencode(told)}")


def said(request: Request) -> str:
    """The sentence that the address asks for; empty for none, and for what is none."""
    sentence = SENTENCES.get(request.query_params.get("done", ""), "")
    count = request.query_params.get("count", "")
    known = int(count) if count.isascii() and count.isdecimal() and len(count) < 10 else 0
    return sentence.format(count=number(known))
