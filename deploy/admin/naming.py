"""Names and ids as they come in a request."""

from typing import Annotated, Final

from pydantic import Field

ID: Final = r"^[A-Za-z0-9]{1,64}$"  # of a dead letter, of a group
LetterId = Annotated[str, Field(pattern=ID)]
GroupId = Annotated[str, Field(pattern=ID)]
BrokerName = Annotated[str | None, Field(max_length=512)]


def full_name(name: str) -> str:
    """`NAMESPACE/NAME` of a name with or without its namespace."""
    return name if "/" in name else f"default/{name}"
