"""Folders appear whole or not at all, and only plain files of a sane size are read."""

import os
from pathlib import Path

import pytest

from landscape.errors import ExchangeError
from landscape.exchange.folders import new_folder, read_bytes, require_plain


def test_a_folder_appears_at_the_end(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out") as partial:
        (partial / "file").write_text("text")
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out/file").read_text() == "text"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ExchangeError, OSError(28, "No space left on device")])
def test_a_failure_leaves_nothing(failure: BaseException, tmp_path: Path) -> None:
    def interrupted() -> None:
        with new_folder(tmp_path / "out") as partial:
            (partial / "file").write_text("text")
            raise failure

    with pytest.raises((KeyboardInterrupt, ExchangeError)):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_export_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial/half").touch()
    with new_folder(tmp_path / "out"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["out"]


def test_an_empty_folder_is_replaced_and_others_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with new_folder(tmp_path / "empty") as partial:
        (partial / "file").touch()
    assert (tmp_path / "empty/file").exists()
    (tmp_path / "plain").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name, found in (("empty", "files in it"), ("plain", "something else"), ("link", "something else")):
        with (
            pytest.raises(ExchangeError, match=f"expected a new or empty folder, found {found}"),
            new_folder(tmp_path / name),
        ):
            pass
    with pytest.raises(ExchangeError, match="expected a folder to make it in"), new_folder(tmp_path / "no/out"):
        pass


@pytest.mark.timeout(20)
def test_links_pipes_folders_and_large_files_are_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"12345")
    assert read_bytes(plain, 5) == b"12345"
    (tmp_path / "link").symlink_to(plain)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("link", "pipe", "folder", "nothing"):
        for read in (read_bytes, require_plain):
            with pytest.raises(ExchangeError, match="expected a plain file, found"):
                read(tmp_path / name)
    for read in (read_bytes, require_plain):
        with pytest.raises(ExchangeError, match="expected at most 4 bytes, found 5"):
            read(plain, 4)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ExchangeError, match=f"found {2**40}"):
        read_bytes(tmp_path / "sparse")
