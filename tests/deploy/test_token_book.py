"""The book of tokens: what it writes, whom it lets in, and what it leaves in the audit."""

import asyncio
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from broker.errors import Conflict, Invalid, Overloaded, StoreFailed, StoreOwned, Unauthorized
from broker.telemetry import Telemetry
from deploy.access.book import TOKENS_MAX, TokenBook, draw_token
from deploy.access.exposure import check_exposure
from deploy.access.failures import FAILURES_MAX
from deploy.access.offline import create_token, list_tokens, revoke_token
from deploy.access.roles import LOCAL, Principal, Role
from deploy.access.token_file import FILE, TokenFile
from deploy.addresses import Address
from tests.deploy.set_clock import SetClock

HOUR = timedelta(hours=1)


def make_book(folder: Path, clock: SetClock) -> TokenBook:
    book = TokenBook(TokenFile(folder), clock, Telemetry())
    book.open()
    return book


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def book(tmp_path: Path, clock: SetClock) -> AsyncIterator[TokenBook]:
    made = make_book(tmp_path, clock)
    yield made
    made.close()


def test_there_are_no_more_tokens_than_the_bound(clock: SetClock) -> None:
    one, _ = draw_token((), "first", Role.ADMIN, clock.now(), None)

    draw_token([one] * (TOKENS_MAX - 1), "last", Role.ADMIN, clock.now(), None)
    with pytest.raises(Conflict) as full:
        draw_token([one] * TOKENS_MAX, "more", Role.ADMIN, clock.now(), None)

    assert full.value.code == "too-many-tokens"
    assert full.value.remedy


async def verbs(book: TokenBook) -> list[tuple[str, str]]:
    """(by, verb) of the audit, oldest first."""
    return [(act.by, act.verb) for _, act in reversed(await book.audit(1000))]


async def test_until_the_first_token_nothing_is_written(tmp_path: Path, book: TokenBook) -> None:
    await book.sign_in(None, "127.0.0.1")

    assert not (tmp_path / FILE).exists()
    assert await book.audit() == []


async def test_a_token_outlives_the_process_and_its_text_is_nowhere(
    tmp_path: Path, book: TokenBook, clock: SetClock
) -> None:
    _, text = await book.create("admin", Role.ADMIN, HOUR, "local")
    book.close()

    again = make_book(tmp_path, clock)

    assert await again.sign_in(f"Bearer {text}", "::1") == Principal("admin", Role.ADMIN)
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert text.split("_", 2)[2].encode() not in kept
    again.close()


async def test_what_is_kept_is_its_owners_alone(tmp_path: Path, book: TokenBook) -> None:
    await book.create("admin", Role.ADMIN, None, "local")

    rights = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}

    assert rights == {0o600}


async def test_without_tokens_everybody_is_local_and_with_one_nobody_is(book: TokenBook) -> None:
    before = await book.sign_in(None, "127.0.0.1")

    await book.create("admin", Role.ADMIN, None, "local")

    assert before == LOCAL
    with pytest.raises(Unauthorized):
        await book.sign_in(None, "127.0.0.1")


async def test_revoking_the_last_token_opens_nothing(book: TokenBook) -> None:
    _, text = await book.create("admin", Role.ADMIN, None, "local")

    await book.revoke("admin", "admin")

    assert not book.is_open
    for header in (None, f"Bearer {text}"):
        with pytest.raises(Unauthorized):
            await book.sign_in(header, "127.0.0.1")


async def test_a_token_past_its_end_counts_no_more(book: TokenBook, clock: SetClock) -> None:
    _, text = await book.create("admin", Role.ADMIN, HOUR, "local")
    clock.seconds += 3600

    with pytest.raises(Unauthorized):
        await book.sign_in(f"Bearer {text}", "127.0.0.1")
    assert not book.has_usable()


@pytest.mark.parametrize(
    "change", [str.upper, lambda text: text[:-1], lambda text: text + "A", lambda text: "Basic x"]
)
async def test_what_is_nearly_a_token_is_none(book: TokenBook, change: object) -> None:
    assert callable(change)
    _, text = await book.create("admin", Role.ADMIN, None, "local")

    with pytest.raises(Unauthorized):
        await book.sign_in(f"Bearer {change(text)}", "127.0.0.1")


async def test_the_first_token_is_an_admins(book: TokenBook) -> None:
    with pytest.raises(Conflict) as refused:
        await book.create("ci", Role.VIEWER, None, "local")

    assert refused.value.code == "first-token"
    assert book.is_open


async def test_a_name_is_given_once_for_ever(book: TokenBook) -> None:
    await book.create("admin", Role.ADMIN, None, "local")
    await book.revoke("admin", "admin")

    with pytest.raises(Conflict) as refused:
        await book.create("admin", Role.ADMIN, None, "local")

    assert refused.value.code == "name-taken"


async def test_revoking_twice_does_it_once(book: TokenBook) -> None:
    await book.create("admin", Role.ADMIN, None, "local")

    done = [(await book.revoke("admin", "admin"))[1] for _ in range(2)]

    assert done == [True, False]
    assert (await verbs(book)).count(("admin", "tokens.revoke")) == 1
    with pytest.raises(Invalid) as refused:
        await book.revoke("nobody-known", "admin")
    assert refused.value.code == "not-found"


async def test_every_act_is_in_the_audit_and_cannot_be_taken_out(
    tmp_path: Path, book: TokenBook
) -> None:
    _, text = await book.create("admin", Role.ADMIN, None, "local")
    await book.sign_in(f"Bearer {text}", "127.0.0.1")
    await book.revoke("admin", "admin", "it leaked")

    acts = await verbs(book)

    assert acts == [("local", "tokens.create"), ("admin", "sign-in"), ("admin", "tokens.revoke")]
    book.close()
    with apsw.Connection(str(tmp_path / FILE)) as connection:
        for statement in ("DELETE FROM audit", "UPDATE audit SET detail = ''"):
            with pytest.raises(apsw.ConstraintError):
                connection.execute(statement)


async def test_a_use_is_written_once_an_hour_and_address(book: TokenBook, clock: SetClock) -> None:
    _, text = await book.create("admin", Role.ADMIN, None, "local")

    for address in ("127.0.0.1", "127.0.0.1", "192.0.2.1"):
        await book.sign_in(f"Bearer {text}", address)
    clock.seconds += 3601
    await book.sign_in(f"Bearer {text}", "127.0.0.1")

    assert (await verbs(book)).count(("admin", "sign-in")) == 3
    assert book.tokens[0].last_used_at == clock.now()


async def test_after_too_many_failures_more_are_turned_away_and_tokens_are_not(
    book: TokenBook,
) -> None:
    _, text = await book.create("admin", Role.ADMIN, None, "local")

    for _ in range(FAILURES_MAX):
        with pytest.raises(Unauthorized):
            await book.sign_in("Bearer guess", "192.0.2.1")

    with pytest.raises(Overloaded) as refused:
        await book.sign_in("Bearer guess", "192.0.2.1")
    assert refused.value.code == "rate-limited"
    assert await book.sign_in(f"Bearer {text}", "192.0.2.1") == Principal("admin", Role.ADMIN)
    assert (await verbs(book)).count(("nobody", "sign-in.refused")) == 2


async def test_an_operator_comes_in_when_the_audit_cannot_be_written(
    tmp_path: Path, clock: SetClock
) -> None:
    telemetry, signals = Telemetry(), list[str]()
    telemetry.listen(lambda name, _, fields: signals.append(name))
    book = TokenBook(FullFile(tmp_path), clock, telemetry)
    book.open()
    _, text = await book.create("admin", Role.ADMIN, None, "local")

    principal = await book.sign_in(f"Bearer {text}", "127.0.0.1")

    assert (principal.name, signals) == ("admin", ["access.unwritten"])
    book.close()


class FullFile(TokenFile):
    """Its disk has become too full for another use."""

    def use(self, *arguments: object) -> None:
        raise StoreFailed("the disk is full")


async def test_tokens_made_at_once_are_all_there(tmp_path: Path, book: TokenBook) -> None:
    await book.create("admin", Role.ADMIN, None, "local")

    await asyncio.gather(*(book.create(f"t{n}", Role.VIEWER, None, "admin") for n in range(20)))

    book.close()
    assert len(list_tokens(tmp_path)) == 21


def test_a_folder_at_rest_is_worked_on_without_a_process(tmp_path: Path, clock: SetClock) -> None:
    create_token(tmp_path, "first", Role.VIEWER, None, clock)

    done = [revoke_token(tmp_path, "first", "", clock)[1] for _ in range(2)]

    assert done == [True, False]
    assert [token.name for token in list_tokens(tmp_path)] == ["first"]


async def test_a_folder_at_work_is_left_to_its_process(
    tmp_path: Path, book: TokenBook, clock: SetClock
) -> None:
    with pytest.raises(StoreOwned) as refused:
        create_token(tmp_path, "first", Role.ADMIN, None, clock)

    assert "leave --data out" in str(refused.value)


def test_a_file_that_is_not_headraces_is_left_alone(tmp_path: Path, clock: SetClock) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all" * 100)

    with pytest.raises(StoreFailed):
        create_token(tmp_path, "first", Role.ADMIN, None, clock)

    assert (tmp_path / FILE).read_bytes().startswith(b"not a database")


async def test_beyond_loopback_it_takes_a_token_that_counts(book: TokenBook) -> None:
    beyond = Address("0.0.0.0", 0)
    with pytest.raises(Invalid) as refused:
        check_exposure(beyond, book)

    await book.create("admin", Role.ADMIN, None, "local")

    check_exposure(beyond, book)
    assert "headrace tokens create" in (refused.value.remedy or "")
    await book.revoke("admin", "local")
    with pytest.raises(Invalid):
        check_exposure(beyond, book)
