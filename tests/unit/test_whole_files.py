"""A file that we write is what it was, or all of what it is to be; and its error names it."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from runner import atomic_write
from runner.errors import ConfigurationError, RunnerError
from tests.faults.test_full_disks import small_disk


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_new_file_gets_the_usual_mode_and_its_folders(tmp_path):
    atomic_write.write(tmp_path / "a" / "b.sql", "é", parents=True)
    assert (tmp_path / "a" / "b.sql").read_bytes() == "é".encode()
    (tmp_path / "usual").touch()
    assert (tmp_path / "a" / "b.sql").stat().st_mode == (tmp_path / "usual").stat().st_mode
    assert names(tmp_path / "a") == ["b.sql"]


def test_mode_and_link_stay(tmp_path):
    real = tmp_path / "real"
    real.write_text("old")
    real.chmod(0o640)
    (tmp_path / "middle").symlink_to("real")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "middle")
    atomic_write.write(link, b"new")
    assert link.is_symlink()
    assert (real.read_text(), stat.S_IMODE(real.stat().st_mode)) == ("new", 0o640)


def test_a_link_to_a_file_that_is_not_there_yet(tmp_path):
    (tmp_path / "link").symlink_to("real")
    atomic_write.write(tmp_path / "link", "new")
    assert (tmp_path / "real").read_text() == "new"


def test_links_in_a_circle_are_an_error(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ConfigurationError, match=r"cannot write .*/a: "):
        atomic_write.write(tmp_path / "a", "x")


def test_a_pipe_is_written_in_place(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    atomic_write.write(pipe, "through")
    reader.join(10)
    assert read == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_stands_for_an_open_file_is_written_in_place(tmp_path):
    with (tmp_path / "out").open("wb") as file:
        link = tmp_path / "stdout"
        link.symlink_to(f"/dev/fd/{file.fileno()}")
        atomic_write.write(link, "in place")
        assert os.fstat(file.fileno()).st_size == 8
    assert link.is_symlink()


def test_a_full_disk_leaves_the_file_as_it_was_and_is_named(tmp_path):
    with small_disk(tmp_path / "disk", "64k"):
        path = tmp_path / "disk" / "schema.sql"
        path.write_text("good")
        with pytest.raises(RunnerError) as caught:
            atomic_write.write(path, b"x" * 200_000)
        assert caught.value.message == f"no space left to write {path}"
        assert path.read_text() == "good"
        assert names(path.parent) == ["schema.sql"]


def test_a_folder_in_the_files_place_is_named(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        atomic_write.write(tmp_path, "x")
    assert str(tmp_path) in caught.value.message
