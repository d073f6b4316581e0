"""A folder of machine code: what one process compiled, another one loads. There is none unless somebody asks for it.

An entry is a file named by the hash of all that its code was made from: the text of the modules, how hard LLVM tried,
the versions of LLVM and of its binding, and the processor. It begins with the hash of its name and of what follows, so
that one that was cut off, changed or put in the place of another is noticed, thrown away and made anew. Nothing else in
the folder is touched, which may be one that has files of its user's. Files are written under another name and renamed:
of two processes that write the same one, either does. A folder that cannot be written, or is full, is no error: code is
compiled as if there was no cache.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from autograd_core._files import write_whole
from autograd_core.compiler import tuning

if TYPE_CHECKING:
    import hashlib

__all__ = ["ObjectCache", "cache_at"]

VARIABLE = "AUTOGRAD_CORE_CACHE"
_FORMAT = b"autograd_core 2\n"
_PREFIX = "autograd_core-"
"""What the name of an entry begins with."""


def _digest(content: bytes) -> hashlib._Hash:
    import hashlib  # which takes longer to load than a process without a cache wants to wait

    return hashlib.sha256(content)


def cache_at(folder: str | os.PathLike[str] | None = None) -> ObjectCache | None:
    """The cache in a folder, or in that of the environment's ``AUTOGRAD_CORE_CACHE``; None if there is neither."""
    path = folder if folder is not None else os.environ.get(VARIABLE)
    return ObjectCache(Path(path)) if path else None


class ObjectCache:
    """The entries of a folder; see above.

    Args:
        folder: where they are; it is made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def key(parts: Sequence[object]) -> str:
        """The name of an entry, from all that its code depends on."""
        digest = _digest(_FORMAT)
        for part in parts:
            text = str(part).encode()
            digest.update(b"%d:" % len(text) + text)
        return digest.hexdigest()

    def get(self, key: str) -> bytes | None:
        """The code of an entry, which is the latest used from now on; None if there is none, or none that is whole."""
        path = self._folder / (_PREFIX + key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        code = content[len(_FORMAT) + _digest(b"").digest_size :]
        if content != self._content(key, code):
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return code

    @staticmethod
    def _content(key: str, code: bytes) -> bytes:
        return _FORMAT + _digest(key.encode() + code).digest() + code

    def put(self, key: str, code: bytes) -> None:
        """Keep the code of an entry, if that is possible, and forget those whose last use was longest ago."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(str(self._folder / (_PREFIX + key)), self._content(key, code), durable=False)
            self._shrink()

    def _shrink(self) -> None:
        entries = []
        for entry in os.scandir(self._folder):
            if not entry.name.startswith(_PREFIX):
                continue
            with suppress(FileNotFoundError):  # another process has just thrown it away
                status = entry.stat()
                entries.append((status.st_mtime_ns, status.st_size, entry.path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= tuning.CACHED:
                break
            with suppress(FileNotFoundError):
                os.unlink(path)
            total -= size
