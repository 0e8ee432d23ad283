"""What is new in what is seen, judged by what was told."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sources.api_server.inventory import Change, Inventory
from sources.api_server.objects import Known
from sources.api_server.options import Owner

OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "uid": "u"}


def found(name: str, uid: str = "1", version: str = "1", **metadata: Any) -> dict[str, Any]:
    identity = {"namespace": "n", "name": name, "uid": uid, "resourceVersion": version}
    return {"metadata": {**identity, **metadata}}


def acts(changes: list[Change]) -> list[str]:
    return [f"{one.act} {one.identity.uid}@{one.identity.version}" for one in changes]


def test_seen_again_unchanged_is_no_news() -> None:
    inventory = Inventory({})

    first = list(inventory.see(found("a")))
    again = list(inventory.see(found("a")))

    assert (acts(first), again) == (["add 1@1"], [])


def test_another_version_is_an_update() -> None:
    inventory = Inventory({("n", "a"): Known("1", "1")})

    changes = list(inventory.see(found("a", version="2")))

    assert acts(changes) == ["update 1@2"]


def test_another_object_of_the_name_ends_the_first() -> None:
    inventory = Inventory({("n", "a"): Known("1", "5")})

    changes = list(inventory.see(found("a", uid="2", version="9")))

    assert acts(changes) == ["delete 1@5", "add 2@9"]
    assert changes[0].found is None


def test_the_end_of_one_that_was_never_told_is_no_news() -> None:
    inventory = Inventory({})

    changes = list(inventory.miss(found("a")))

    assert changes == []


def test_the_end_of_another_object_of_the_name_ends_the_known_one() -> None:
    inventory = Inventory({("n", "a"): Known("1", "5")})

    changes = list(inventory.miss(found("a", uid="2", version="9")))

    assert acts(changes) == ["delete 1@5"]


def test_what_a_list_does_not_show_is_gone() -> None:
    known = {("n", name): Known(name, "1") for name in "abc"}
    inventory = Inventory(known)

    inventory.begin_list()
    changes = [*inventory.see(found("b", uid="b")), *inventory.missed()]

    assert acts(changes) == ["delete a@1", "delete c@1"]


def test_what_its_owner_lets_go_is_deleted() -> None:
    inventory = Inventory({}, Owner("apps/v1", ""))
    controlled = [{**OWNER, "controller": True}]

    changes = [
        *inventory.see(found("a", version="1", ownerReferences=[OWNER])),
        *inventory.see(found("a", version="2", ownerReferences=controlled)),
        *inventory.see(found("a", version="3")),
    ]

    assert acts(changes) == ["add 1@2", "delete 1@3"]


@given(st.lists(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("12")), max_size=4)))
def test_lists_tell_each_life_once_and_in_order(lists: list[list[tuple[str, str]]]) -> None:
    inventory = Inventory({})
    alive: dict[str, str] = {}

    for number, listed in enumerate(lists):
        shown = {name: f"{name}{uid}" for name, uid in listed}
        inventory.begin_list()
        seen = [inventory.see(found(name, uid, str(number))) for name, uid in shown.items()]
        for change in [*(one for changes in seen for one in changes), *inventory.missed()]:
            name, uid = change.identity.name, change.identity.uid
            if change.act == "delete":
                assert alive.pop(name) == uid
            else:
                assert (change.act == "add") == (name not in alive)
                alive[name] = uid
        assert alive == shown
