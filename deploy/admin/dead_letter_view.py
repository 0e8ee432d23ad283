"""A dead letter as plain JSON-able values, for those who may see all of it and for others."""

from typing import Any

from broker.storage.rows import DeadLetter
from deploy.admin.access import Principal, Role
from deploy.admin.views import dead_letter_detail, when


def letter_shown_to(by: Principal, letter: DeadLetter) -> dict[str, Any]:
    """Without the event's data and what sinks answered for those who may not see them."""
    detail = {**dead_letter_detail(letter), "purge_at": when(letter.purge_at)}
    if by.role >= Role.VIEWER:
        return detail
    event = without(detail["event"], ("data", "data_base64"))
    attempts = [without(one, ("body", "body_base64")) for one in detail["attempts_detail"]]
    return {**detail, "event": event, "attempts_detail": attempts, "data_hidden": True}


def without(item: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in names}
