"""Files are written wholly or not at all, and only a plain file, or nothing, is ever renamed over."""

from __future__ import annotations

import os
import socket
import stat
import threading
from pathlib import Path

import pytest

from autograd_core import Value, _files
from autograd_core._files import write_whole
from autograd_core.draw import draw
from autograd_core.nn import Neuron, save_parameters

CONTENT = bytes(range(256)) * 1000  # more than a pipe holds

posix = pytest.mark.skipif(os.name != "posix", reason="pipes, links and modes are POSIX's")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_and_one_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(str(path), b"first, and longer")
    write_whole(str(path), b"second")
    assert path.read_bytes() == b"second"
    assert names(tmp_path) == ["file"]


@posix
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_written_to_and_stays(tmp_path: Path, linked: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    path = pipe
    if linked:
        path = tmp_path / "link"
        path.symlink_to(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(str(path), CONTENT)
    reader.join()
    assert read == [CONTENT]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert path.is_symlink() == linked
    assert names(tmp_path) == (["link", "pipe"] if linked else ["pipe"])


@posix
def test_an_open_pipe_that_has_no_path_of_its_own() -> None:
    reading, writing = os.pipe()
    try:
        write_whole(f"/dev/fd/{writing}", b"picture")
    finally:
        os.close(writing)
    with open(reading, "rb") as file:
        assert file.read() == b"picture"


@posix
def test_a_terminal_is_written_to_and_stays(tmp_path: Path) -> None:
    main, side = os.openpty()
    try:
        name = os.ttyname(side)
        link = tmp_path / "terminal"
        link.symlink_to(name)
        write_whole(str(link), b"text")
        assert os.read(main, 100) == b"text"
        assert stat.S_ISCHR(os.stat(name).st_mode)
        assert link.is_symlink()
    finally:
        os.close(main)
        os.close(side)


@posix
def test_a_socket_is_written_to_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind("socket")
        server.listen(1)
        write_whole("socket", b"text")
        connection, _ = server.accept()
        with connection:
            assert connection.recv(100) == b"text"
    assert stat.S_ISSOCK(os.stat("socket").st_mode)


@posix
@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing yet"])
def test_a_link_is_followed(tmp_path: Path, there: bool) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if there:
        (elsewhere / "target").write_bytes(b"old")
    (tmp_path / "second").symlink_to("elsewhere/target")
    (tmp_path / "first").symlink_to("second")
    write_whole(str(tmp_path / "first"), CONTENT)
    assert (elsewhere / "target").read_bytes() == CONTENT
    assert not (elsewhere / "target").is_symlink()
    assert (tmp_path / "first").is_symlink()
    assert (tmp_path / "second").is_symlink()
    assert names(elsewhere) == ["target"]


@posix
def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="the file was not written"):
        write_whole(str(tmp_path / "a"), b"text")
    assert names(tmp_path) == ["a", "b"]


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="there is a folder"):
        write_whole(str(tmp_path), b"text")
    assert names(tmp_path) == []


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_the_mode_is_kept(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_whole(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode


@posix
def test_the_owner_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o664)
    true_stat, given = os.stat, []

    def stat_of_another(name: str) -> os.stat_result:
        found = true_stat(name)
        return os.stat_result((*found[:4], 12345, 54321, *found[6:])) if name == str(path) else found

    monkeypatch.setattr(_files.os, "stat", stat_of_another)
    monkeypatch.setattr(_files.os, "chown", lambda name, uid, gid: given.append((uid, gid)))
    write_whole(str(path), b"new")
    assert given == [(12345, 54321)]
    assert stat.S_IMODE(true_stat(path).st_mode) == 0o664


@posix
def test_where_the_owner_may_not_be_given_the_file_itself_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"an older and longer text")
    inode = path.stat().st_ino
    monkeypatch.setattr(_files, "_given", lambda temporary, there: False)
    write_whole(str(path), b"new")
    assert (path.read_bytes(), path.stat().st_ino, names(tmp_path)) == (b"new", inode, ["file"])


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*paths: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_files.os, "replace", fail)
    with pytest.raises(OSError, match="the file was not written: No space left"):
        write_whole(str(path), b"new")
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["file"])


@posix
def test_pictures_and_parameters_go_the_same_way(tmp_path: Path) -> None:
    target = tmp_path / "target"
    for name, write in (
        ("graph.dot", lambda path: draw(Value(1.0) + 2.0).save(path)),
        ("model.json", lambda path: save_parameters(Neuron(2, seed=1), path)),
    ):
        target.write_bytes(b"old")
        link = tmp_path / name
        link.symlink_to(target)
        write(link)
        assert link.is_symlink()
        assert target.read_bytes() != b"old"


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127])
def test_a_name_as_long_as_the_system_allows(tmp_path: Path, name: str) -> None:
    for content in (b"one", b"two"):
        write_whole(str(tmp_path / name), content)
        assert (tmp_path / name).read_bytes() == content
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("durable", [True, False])
def test_it_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    done: list[str] = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (done.append(f"{os.fstat(file).st_size} synced"), sync(file)))
    monkeypatch.setattr(os, "replace", lambda *names: (done.append("named"), replace(*names)))
    write_whole(str(tmp_path / "file"), b"new", durable=durable)
    assert done == (["3 synced", "named"] if durable else ["named"])
