"""What a watch has heard of."""

from sources.folder.dirty import FOLDERS_MAX, NAMES_MAX, Dirty


def test_nothing_was_heard_at_first() -> None:
    assert not Dirty()


def test_names_and_folders_are_kept_once() -> None:
    dirty = Dirty()

    for _ in range(2):
        dirty.add_name("a")
        dirty.add_folder("in")

    assert (dirty.names, dirty.folders, dirty.is_all) == ({"a"}, {"in"}, False)


def test_too_many_names_are_everything() -> None:
    dirty = Dirty()

    for number in range(NAMES_MAX + 1):
        dirty.add_name(str(number))

    assert (dirty.is_all, dirty.names) == (True, set())


def test_too_many_folders_are_everything_and_so_is_what_follows() -> None:
    dirty = Dirty()
    for number in range(FOLDERS_MAX + 1):
        dirty.add_folder(str(number))

    dirty.add_name("a")

    assert dirty
    assert (dirty.is_all, dirty.names, dirty.folders) == (True, set(), set())
