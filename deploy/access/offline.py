"""Tokens of a data folder that no process owns: the first one is made so, before listening
beyond loopback, and so is one when all others are lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from broker.clock import Clock
from broker.errors import Invalid, StoreOwned
from deploy.access.book import draw_token, made, named, revoking
from deploy.access.roles import LOCAL, Role
from deploy.access.token import Token
from deploy.access.token_file import TokenFile


def create_token(
    data: Path, name: str, role: Role, lifetime: timedelta | None, clock: Clock
) -> tuple[Token, str]:
    """A new token, and its text, which nothing keeps. Raises Invalid, Conflict, StoreOwned."""
    with _opened(data) as (file, tokens):
        token, text = draw_token(tokens, name, role, clock.now(), lifetime)
        file.add(token, made(token, LOCAL.name))
    return token, text


def list_tokens(data: Path) -> list[Token]:
    """All tokens, oldest first. Raises StoreOwned."""
    _check_exists(data)
    with _opened(data) as (_, tokens):
        return tokens


def revoke_token(data: Path, name: str, reason: str, clock: Clock) -> tuple[Token, bool]:
    """The token, and whether it was still unrevoked. Raises Invalid, StoreOwned."""
    _check_exists(data)
    with _opened(data) as (file, tokens):
        token = named(tokens, name)
        if token.revoked_at is not None:
            return token, False
        at = clock.now()
        file.revoke(token.prefix, at, revoking(token, at, LOCAL.name, reason))
    return replace(token, revoked_at=at), True


def _check_exists(data: Path) -> None:
    if not data.is_dir():
        raise Invalid(
            f"there is no data folder {data}",
            where="--data",
            remedy="name the folder that `headrace up --data` is given",
        )


@contextmanager
def _opened(data: Path) -> Iterator[tuple[TokenFile, list[Token]]]:
    file = TokenFile(data)
    try:
        tokens = file.open()
    except StoreOwned as error:
        raise StoreOwned(
            f"a headrace runs on {data}",
            where="--data",
            remedy="leave --data out, to ask that headrace; or stop it first",
        ) from error
    try:
        yield file, tokens
    finally:
        file.close()
