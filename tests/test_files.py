"""Files are replaced in one step, whatever they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodrec.files import replacing, write_atomically


@pytest.mark.parametrize("name", ["x" * 255, "x" * 250 + ".m3u8", "\u6708" * 85, "a." + "b" * 253, ".csv"])
def test_a_name_as_long_as_names_can_be_is_written(tmp_path: Path, name: str) -> None:
    write_atomically(tmp_path / name, b"old")
    write_atomically(tmp_path / name, b"new")
    assert (tmp_path / name).read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_first_error_is_the_one_that_is_raised(tmp_path: Path) -> None:
    def write() -> None:
        with replacing(tmp_path / "x.csv") as temporary:
            temporary.unlink()
            temporary.mkdir()  # removing it as a file fails
            raise ValueError("the first")

    with pytest.raises(ValueError, match="the first"):
        write()
    assert not (tmp_path / "x.csv").exists()
