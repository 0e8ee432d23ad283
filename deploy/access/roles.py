"""Who asks, and what each may do."""

from dataclasses import dataclass
from enum import IntEnum

from broker.errors import Invalid


class Role(IntEnum):
    """Each may all that those before it may."""

    VIEWER_WITHOUT_PAYLOAD = 1  # sees what happens, never the data of an event nor answers' bodies
    VIEWER = 2
    OPERATOR = 3  # turns valves: pause, seek, redrive, discard, replay
    ADMIN = 4  # reload, tokens

    @property
    def word(self) -> str:
        """As people write it."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a token's name, or `local` where loopback is open to everybody."""

    name: str
    role: Role


LOCAL = Principal("local", Role.ADMIN)


def role_of(word: str) -> Role:
    """Raises Invalid naming those that there are."""
    for role in Role:
        if role.word == word:
            return role
    raise Invalid(
        f"{word!r} is no role",
        code="unknown-role",
        where="role",
        remedy=f"name one of: {', '.join(role.word for role in Role)}",
    )
