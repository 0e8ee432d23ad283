"""What has been told, and what has to settle first."""

from sources.folder.listing import (
    BATCH_FILES_MAX,
    BATCH_HASHED_BYTES_MAX,
    Listing,
    Seen,
    Told,
    differences,
)

FILE = Seen(size=10, mtime_ns=5, ctime_ns=6, inode=7)
GROWN = FILE._replace(size=20)
TOLD = Told(FILE, "abc")


def test_a_file_is_due_once_it_was_the_same_for_long_enough() -> None:
    listing = Listing(settle_seconds=1.0)

    listing.see("a", FILE, now=0.0)
    listing.see("a", FILE, now=0.5)

    assert listing.due(0.9, with_hash=True) == {}
    assert listing.due(1.0, with_hash=True) == {"a": FILE}


def test_a_file_that_grows_settles_anew() -> None:
    listing = Listing(settle_seconds=1.0)
    listing.see("a", FILE, now=0.0)

    listing.see("a", GROWN, now=0.9)

    assert listing.due(1.8, with_hash=True) == {}
    assert listing.due(1.9, with_hash=True) == {"a": GROWN}


def test_what_is_told_is_not_due_again() -> None:
    listing = Listing(1.0, {"a": TOLD})

    listing.see("a", FILE, now=0.0)

    assert listing.pending == {}
    assert listing.next_due_at() is None


def test_other_rights_are_no_other_state() -> None:
    listing = Listing(1.0, {"a": TOLD})

    listing.see("a", FILE._replace(ctime_ns=99), now=0.0)

    assert listing.pending == {}


def test_a_file_that_is_gone_settles_too() -> None:
    listing = Listing(1.0, {"a": TOLD})

    listing.see("a", None, now=0.0)

    assert listing.due(1.0, with_hash=True) == {"a": None}


def test_a_file_that_was_only_replaced_never_was_gone() -> None:
    listing = Listing(1.0, {"a": TOLD})
    listing.see("a", None, now=0.0)

    listing.see("a", GROWN, now=0.5)

    assert listing.due(1.0, with_hash=True) == {}
    assert listing.due(1.5, with_hash=True) == {"a": GROWN}


def test_a_file_that_came_and_went_is_forgotten() -> None:
    listing = Listing(settle_seconds=1.0)
    listing.see("a", FILE, now=0.0)

    listing.see("a", None, now=0.5)

    assert listing.due(9.0, with_hash=True) == {}


def test_settling_makes_it_told() -> None:
    listing = Listing(0.0, {"b": TOLD})
    listing.see("a", FILE, now=0.0)
    listing.see("b", None, now=0.0)
    listing.due(0.0, with_hash=True)

    listing.settle("a", TOLD)
    listing.settle("b", None)

    assert (listing.told, listing.pending) == ({"a": TOLD}, {})


def test_what_cannot_be_read_is_due_later() -> None:
    listing = Listing(settle_seconds=0.0)
    listing.see("a", FILE, now=0.0)
    listing.due(0.0, with_hash=True)

    listing.postpone("a", until=30.0)

    assert listing.next_due_at() == 30.0
    assert listing.due(30.0, with_hash=True) == {"a": FILE}


def test_what_was_due_and_seen_the_same_again_is_not_lost() -> None:
    listing = Listing(settle_seconds=1.0)
    listing.see("a", FILE, now=0.0)
    listing.due(1.0, with_hash=True)

    listing.see("a", FILE, now=1.5)

    assert listing.due(1.5, with_hash=True) == {"a": FILE}


def test_a_batch_is_bounded_in_files() -> None:
    listing = Listing(settle_seconds=0.0)
    for number in range(BATCH_FILES_MAX + 1):
        listing.see(str(number), FILE, now=0.0)

    assert len(listing.due(0.0, with_hash=True)) == BATCH_FILES_MAX
    assert len(listing.due(0.0, with_hash=True)) == 1


def test_a_batch_is_bounded_in_bytes_that_are_hashed() -> None:
    listing = Listing(settle_seconds=0.0)
    for name in ("a", "b"):
        listing.see(name, FILE._replace(size=BATCH_HASHED_BYTES_MAX), now=0.0)

    assert list(listing.due(0.0, with_hash=True)) == ["a"]
    assert list(listing.due(0.0, with_hash=True)) == ["b"]


def test_without_hashing_bytes_do_not_count() -> None:
    listing = Listing(settle_seconds=0.0)
    for name in ("a", "b"):
        listing.see(name, FILE._replace(size=BATCH_HASHED_BYTES_MAX), now=0.0)

    assert list(listing.due(0.0, with_hash=False)) == ["a", "b"]


def test_its_length_counts_each_file_once() -> None:
    listing = Listing(1.0, {"a": TOLD})
    listing.see("a", GROWN, now=0.0)
    listing.see("b", FILE, now=0.0)

    assert not listing.is_longer_than(2)
    assert listing.is_longer_than(1)


def test_a_scan_differs_by_what_came_changed_and_went() -> None:
    listing = Listing(1.0, {"same": TOLD, "other": TOLD, "gone": TOLD})
    found = {"same": FILE, "other": GROWN, "new": FILE}

    changes = dict(differences(listing, found, "", {}))

    assert changes == {"other": GROWN, "new": FILE, "gone": None}


def test_a_scan_of_a_part_says_nothing_of_the_rest() -> None:
    listing = Listing(1.0, {"in/a": TOLD, "inside/b": TOLD})

    assert dict(differences(listing, {}, "in", {})) == {"in/a": None}


def test_what_is_in_an_unread_folder_is_not_gone() -> None:
    listing = Listing(1.0, {"in/a": TOLD, "in/deep/b": TOLD, "c": TOLD})

    assert dict(differences(listing, {}, "", {"in": "denied"})) == {"c": None}


def test_a_pending_file_that_a_scan_misses_is_gone() -> None:
    listing = Listing(settle_seconds=1.0)
    listing.see("a", FILE, now=0.0)

    assert dict(differences(listing, {}, "", {})) == {"a": None}
