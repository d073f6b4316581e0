"""Write a file wholly or not at all, and never in the place of what is no plain file."""

from __future__ import annotations

import errno
import os
import stat

__all__ = ["write_whole"]


def write_whole(path: str, content: bytes, *, durable: bool = True) -> None:
    """Write a file under a temporary name beside its own, and rename it: there is all of it or nothing.

    A link is followed, and mode and owner of a file that is there are kept. A pipe, a device or a socket is written to
    as it is, and so is a file whose owner this process may not give to another.

    Args:
        path: of the file.
        content: all that is to be in it.
        durable: whether it is on the disk before it has its name, so that a machine that loses its power has the old
            file or the new one. That takes some milliseconds.

    Raises:
        OSError: if that is not possible, or there is a folder.
    """
    try:
        there = _at(path)
        if there is not None and stat.S_ISDIR(there.st_mode):
            raise IsADirectoryError(errno.EISDIR, "there is a folder of that name")
        target = os.path.realpath(path)
        # what the system opens may have no path of its own, as behind /dev/stdout
        same = there is None or _is_file(target, there)
        if not same or not _replaced(target, there, content, durable):
            _write_to(path, there, content)
    except OSError as error:
        kind = type(error)
        raise kind(error.errno, f"the file was not written: {error.strerror}", path) from None


def _at(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _is_file(target: str, there: os.stat_result) -> bool:
    found = _at(target)
    return found is not None and stat.S_ISREG(found.st_mode) and os.path.samestat(found, there)


def _replaced(target: str, there: os.stat_result | None, content: bytes, durable: bool) -> bool:
    """Whether the file is written; False if the new one could not be given to the owner of the old one."""
    # its name is no longer for a long one of the file: systems allow 255 bytes
    temporary = os.path.join(os.path.dirname(target), f".{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if there is not None:
            if not _given(temporary, there):
                os.remove(temporary)
                return False
            os.chmod(temporary, stat.S_IMODE(there.st_mode))  # after the owner, whose change takes bits away
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.remove(temporary)
        raise
    return True


def _given(temporary: str, there: os.stat_result) -> bool:
    mine = os.stat(temporary)
    if (mine.st_uid, mine.st_gid) != (there.st_uid, there.st_gid):
        try:
            os.chown(temporary, there.st_uid, there.st_gid)
        except PermissionError:
            return False
    return True


def _write_to(path: str, there: os.stat_result | None, content: bytes) -> None:
    """Write to what is there, which must not be created if it has gone meanwhile."""
    if there is not None and stat.S_ISSOCK(there.st_mode):
        import socket

        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(path)
            connection.sendall(content)
        return
    plain = there is not None and stat.S_ISREG(there.st_mode)
    # a terminal that is written to must not become that of this process
    flags = os.O_WRONLY | (os.O_TRUNC if plain else 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "wb") as file:
        file.write(content)
