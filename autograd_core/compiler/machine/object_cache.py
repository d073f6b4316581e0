"""A folder of machine code: what one process compiled, another one loads. There is none unless somebody asks for it.

An entry is a file named by the hash of all that its code was made from: the text of the modules, how hard LLVM tried,
the versions of LLVM and of its binding, and the processor. It begins with the hash of what follows, so that one that
was cut off or changed is noticed, thrown away and made anew. Files are written under another name and renamed: of two
processes that write the same one, either does. A folder that cannot be written, or is full, is no error: code is
compiled as if there was no cache.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from autograd_core._files import write_whole
from autograd_core.compiler import tuning

__all__ = ["ObjectCache", "cache_at"]

VARIABLE = "AUTOGRAD_CORE_CACHE"
_FORMAT = b"autograd_core 1\n"


def _digest(content: bytes) -> Any:
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
        return str(digest.hexdigest())

    def get(self, key: str) -> bytes | None:
        """The code of an entry, which is the latest used from now on; None if there is none, or none that is whole."""
        path = self._folder / key
        try:
            content = path.read_bytes()
        except OSError:
            return None
        head = len(_FORMAT) + _digest(b"").digest_size
        code = content[head:]
        if content[:head] != _FORMAT + _digest(code).digest():
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return code

    def put(self, key: str, code: bytes) -> None:
        """Keep the code of an entry, if that is possible, and forget those whose last use was longest ago."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(str(self._folder / key), _FORMAT + _digest(code).digest() + code, durable=False)
            self._shrink()

    def _shrink(self) -> None:
        entries = []
        for entry in os.scandir(self._folder):
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
