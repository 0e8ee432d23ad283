"""Every revision of a partition's triggers."""

from broker.storage.rows import Revision
from tests.scenarios.house import BEGINNING
from triggers.revisions import REMOVED_SPEC, Revisions, is_removed


def revision(number: int, spec: bytes = b"{}", name: str = "default/t") -> Revision:
    return Revision(name, number, number, spec, BEGINNING)


def test_revisions_are_kept_by_trigger() -> None:
    first, second, other = revision(1), revision(2), revision(1, name="default/o")

    revisions = Revisions([first, other])
    revisions.add(second)

    assert revisions.of("default/t") == (first, second)
    assert revisions.last("default/o") == other
    assert (revisions.of("default/x"), revisions.last("default/x")) == ((), None)


def test_the_document_of_a_removed_trigger_is_its_latest_one() -> None:
    revisions = Revisions([revision(1, b"old"), revision(2, b"new"), revision(3, REMOVED_SPEC)])

    assert revisions.document("default/t") == b"new"
    assert is_removed(revisions.last("default/t"))
    assert revisions.document("default/x") is None
