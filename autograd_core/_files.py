"""Write a file wholly or not at all."""

from __future__ import annotations

import os

__all__ = ["write_whole"]


def write_whole(path: str, content: bytes) -> None:
    """Write a file under a temporary name beside its own, and rename it: there is all of it or nothing.

    Raises:
        OSError: if that is not possible.
    """
    temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException as error:
        if os.path.exists(temporary):
            os.remove(temporary)
        if isinstance(error, OSError):
            raise OSError(error.errno, f"the file was not written: {error.strerror}", path) from None
        raise
