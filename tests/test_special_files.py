"""Pipes, devices, folders, sockets, sparse files and loops of links in the place of the files of libraries, indexes
and models: each command ends with an error in a sentence, or passes them over.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from moodrec import Library, MoodIndex, MoodModel, Recommender
from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.files.kinds import read_regular
from moodrec.model.checkpoint import save_model
from moodrec.model.context.model import ContextModel
from moodrec.model.describe import describe_model
from moodrec.model.folder import add_context
from tests.cli.commands import run
from tests.cli.sample_library import write_sample_library
from tests.library.contexts import made_context
from tests.small_model import small_network, small_spec

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no pipes with names")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def loose(path: Path) -> None:
    path.symlink_to("nothing here")


def long_link(path: Path) -> None:
    path.symlink_to("a" * 300)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder_with_a_file(path: Path) -> None:
    path.mkdir()
    (path / "letter.txt").write_text("mine")


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


def named_socket(path: Path) -> None:
    # A socket's path may have a hundred letters, so that it is bound under a short name first.
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


KINDS = (loop, loose, long_link, pipe, device, folder_with_a_file, sparse, named_socket)
SPECIAL = pytest.mark.parametrize("kind", KINDS)


def put(path: Path, kind: Callable[[Path], None]) -> None:
    """Put something else in the place of a file or a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    kind(path)


@pytest.fixture(scope="module")
def stored_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample_library(tmp_path_factory.mktemp("stored"))


@pytest.fixture
def library(stored_library: Path, tmp_path: Path) -> Path:
    shutil.copytree(stored_library, tmp_path / "library")
    return tmp_path / "library"


@SPECIAL
@pytest.mark.parametrize("name", ["CURRENT", "v*", "v*/manifest.json", "v*/vectors.npy", "v*/tracks.arrow"])
def test_files_of_an_index(library: Path, name: str, kind: Callable[[Path], None]) -> None:
    (path,) = (library / "index").glob(name)
    put(path, kind)
    for opened in (MoodIndex.open, Recommender.open):
        with pytest.raises(CorruptStoreError, match="index"):
            opened(library if opened == Recommender.open else library / "index")
    run("list", "--library", library, code=4)
    run("index", "verify", library, code=4)
    built = run("index", "build", "--library", library, code=None)
    if name == "CURRENT" and kind in (pipe, device, folder_with_a_file, named_socket):
        assert built.exit_code == 4
        assert "CURRENT: is no regular file; check what it is, and move it away" in built.stderr
    else:
        assert built.exit_code == 0, built.output
        MoodIndex.open(library / "index").verify()


@SPECIAL
@pytest.mark.parametrize("name", ["library.sqlite", "library.sqlite-wal", "library.sqlite-journal"])
def test_files_of_a_library(library: Path, name: str, kind: Callable[[Path], None]) -> None:
    put(library / name, kind)
    passed_over = kind is sparse and name != "library.sqlite"  # SQLite sees that nothing is in it
    for command in (("list",), ("index", "build"), ("library", "info"), ("library", "verify")):
        result = run(*command, "--library", library, code=0 if passed_over else 4)
        assert passed_over or name in result.stderr
    for opened in (Library.open, Library.open_or_create, Library.open_or_empty, Recommender.open):
        if passed_over:
            opened(library)
        else:
            with pytest.raises(CorruptStoreError, match=name):
                opened(library)


@SPECIAL
@pytest.mark.parametrize("name", ["lock", "index/lock", "analysis.json", "models.json", "index/.first-save"])
def test_files_that_reading_passes_over(library: Path, name: str, kind: Callable[[Path], None]) -> None:
    put(library / name, kind)
    for command in (("list",), ("index", "info"), ("library", "info")):
        run(*command, "--library", library)
    if name == "lock":
        with Library.open(library) as opened, pytest.raises(CorruptStoreError, match="lock"), opened.writer():
            pass
    if name == "index/lock":
        with pytest.raises(CorruptStoreError, match="lock"):
            MoodIndex.open(library / "index").save(library / "index")


@pytest.fixture(scope="module")
def stored_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored") / "model"
    save_model(folder, small_network(), small_spec())
    add_context(folder, made_context(("calm",)))
    return folder


@SPECIAL
@pytest.mark.parametrize("name", ["model.json", "model.safetensors", "model.onnx", "context.json"])
def test_files_of_a_model(
    stored_model: Path, tmp_path: Path, name: str, kind: Callable[[Path], None]
) -> None:
    model = tmp_path / "model"
    shutil.copytree(stored_model, model)
    put(model / name, kind)
    (tmp_path / "music").mkdir()
    with pytest.raises((CorruptStoreError, NotFoundError), match=name):
        MoodModel.load(model, "cpu")
    if name == "model.json":
        with pytest.raises((CorruptStoreError, NotFoundError), match=name):
            describe_model(model)
    codes = {3, 4}
    analysed = run(
        "analyze", tmp_path / "music", "--model", model, "--library", tmp_path / "library", code=None
    )
    # No music, no model is loaded; what it says of itself is read in any case.
    assert analysed.exit_code in (codes if name == "model.json" else codes | {0}), analysed.output
    written = run("model", "export", model, code=None)
    if name == "model.onnx":
        assert written.exit_code == (0 if kind in (loop, loose, long_link, sparse) else 2), written.output
    else:
        assert written.exit_code in codes, written.output
        assert name in written.stderr


@SPECIAL
def test_a_context_that_is_named(tmp_path: Path, kind: Callable[[Path], None]) -> None:
    put(tmp_path / "context.json", kind)
    with pytest.raises((CorruptStoreError, NotFoundError), match=r"context\.json"):
        ContextModel.load(tmp_path / "context.json")


@SPECIAL
def test_a_file_to_write(library: Path, kind: Callable[[Path], None]) -> None:
    """A file is replaced, and so is a link to one or to nothing; nothing else is."""
    out = library.parent / "list.m3u8"
    put(out, kind)
    result = run("list", "--library", library, "--m3u", out, code=None)
    if kind in (loop, loose, long_link, sparse):
        assert result.exit_code == 0, result.output
        assert out.is_file()
        assert not out.is_symlink()
    else:
        assert result.exit_code == 2, result.output
        assert "list.m3u8: is a" in result.stderr


def test_sizes_of_regular_files(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(CorruptStoreError, match="is larger than 4 bytes"):
        read_regular(path, 4)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "none", 4)
    with pytest.raises(NotADirectoryError):
        read_regular(path / "below", 4)
