"""Which paths of a folder are looked at. Pure; paths are relative, with slashes."""

import re
from collections.abc import Iterable
from fnmatch import translate

from sources.folder.options import FolderOptions
from sources.globs import Glob


class Selection:
    def __init__(self, options: FolderOptions) -> None:
        self._include = Globs(options.include)
        self._takes_all = not options.include
        self._exclude = Globs(options.exclude)
        self._is_recursive = options.is_recursive
        self._entered = {"": True}  # by folder; there are fewer than files

    def enters(self, folder: str) -> bool:
        """Whether the files of `folder` are looked at; "" is the folder itself."""
        found = self._entered.get(folder)
        if found is None:
            above = folder.rpartition("/")[0]
            found = self._is_recursive and self.enters(above) and not self._exclude.match(folder)
            self._entered[folder] = found
        return found

    def takes(self, path: str) -> bool:
        """Whether a file with this path is told."""
        if self._exclude.match(path) or not (self._takes_all or self._include.match(path)):
            return False
        return self.enters(path.rpartition("/")[0])


class Globs:
    """Several, any of which may match. Those of names are one expression: every file is asked."""

    def __init__(self, texts: Iterable[str]) -> None:
        texts = list(texts)
        self._of_paths = [Glob(text) for text in texts if "/" in text]
        of_names = [translate(text) for text in texts if "/" not in text]
        self._of_names = re.compile("|".join(of_names) or r"(?!)")

    def match(self, path: str) -> bool:
        if self._of_names.match(path, path.rfind("/") + 1):
            return True
        return any(glob.matches(path) for glob in self._of_paths)
