"""The folder itself."""

from pathlib import Path

import pytest

from broker.errors import Denied, HeadraceError, Invalid, Unavailable
from sources.folder.root import demand_same, find_root, is_empty, refusal


def test_a_folder_is_found_behind_its_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    root = find_root(str(tmp_path / "link"))

    assert root.path == str(tmp_path / "real")
    assert root.inode == (tmp_path / "real").stat().st_ino


def test_a_folder_that_is_gone_may_come_back(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such folder") as caught:
        find_root(str(tmp_path / "gone"))

    assert "mount" in (caught.value.remedy or "")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a")

    with pytest.raises(Invalid, match="is no folder"):
        find_root(str(tmp_path / "file"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PermissionError(13, "Permission denied"), Denied),
        (OSError(5, "Input/output error"), Unavailable),
        (RuntimeError("Symlink loop"), Unavailable),
    ],
)
def test_what_the_system_refuses_has_a_remedy(
    error: OSError | RuntimeError, kind: type[HeadraceError]
) -> None:
    found = refusal("/drop", error)

    assert isinstance(found, kind)
    assert found.remedy


def test_hidden_files_count_as_something(tmp_path: Path) -> None:
    root = find_root(str(tmp_path))
    assert is_empty(root)

    (tmp_path / ".keep").write_text("")

    assert not is_empty(root)


def test_another_folder_in_its_place_is_not_the_same(tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    root = find_root(str(drop))
    demand_same(str(drop), root)
    drop.rename(tmp_path / "away")
    drop.mkdir()

    with pytest.raises(Unavailable, match="another folder"):
        demand_same(str(drop), root)
