"""What a watch has heard of since it was last asked. Pure; bounded, and beyond it: everything."""

NAMES_MAX = 10_000
FOLDERS_MAX = 16  # each is compared with all that was told


class Dirty:
    """`names`: files to look at; `folders`: to scan with all below; `is_all`: scan everything."""

    __slots__ = ("folders", "is_all", "names")

    def __init__(self, is_all: bool = False) -> None:
        self.is_all = is_all
        self.names: set[str] = set()
        self.folders: set[str] = set()

    def __bool__(self) -> bool:
        return self.is_all or bool(self.names) or bool(self.folders)

    def add_name(self, path: str) -> None:
        if not self.is_all:
            self.names.add(path)
            self._bound()

    def add_folder(self, folder: str) -> None:
        if not self.is_all:
            self.folders.add(folder)
            self._bound()

    def add_all(self) -> None:
        self.is_all = True
        self.names.clear()
        self.folders.clear()

    def _bound(self) -> None:
        if len(self.names) > NAMES_MAX or len(self.folders) > FOLDERS_MAX:
            self.add_all()
