"""The kernel's paths against plain C, on this processor and on an emulated ARM one; ``paths_agree.c`` compares."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from moodrec.index.kernel import binding as kernel
from tests.index.kernel.builds import compiled, missing, sources

PROGRAM = Path(__file__).with_name("paths_agree.c")
ARM_COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64"


def agreeing(*command: object) -> list[str]:
    """The paths that a build of the program compared; it stops at the first difference."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.split(":")[0] for line in done.stdout.splitlines()]


@pytest.mark.skipif(missing("gcc") != "", reason=missing("gcc"))
def test_every_path_of_this_processor_agrees_with_plain_c(tmp_path: Path) -> None:
    program = compiled("gcc", [], [PROGRAM, *sources()], tmp_path / "paths")
    found = agreeing(program)
    assert found[0] == "portable"
    assert kernel.library() is None or tuple(found) == kernel.paths()


@pytest.mark.skipif(missing("gcc") != "", reason=missing("gcc"))
def test_a_path_that_is_wrong_is_seen(tmp_path: Path) -> None:
    """The sums of a path that forgets the last byte of each row."""
    wrong = tmp_path / "loops_products.h"
    right = sources()[0].with_name("loops_products.h").read_text(encoding="utf-8")
    spoilt = right.replace(
        "at < dim; at++) sum += (int32_t)row", "at < dim - 1; at++) sum += (int32_t)row", 1
    )
    assert spoilt != right
    wrong.write_text(spoilt, encoding="utf-8")
    for path in sources()[0].parent.glob("*.[ch]"):
        if path.name not in (wrong.name, "python.c"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    program = compiled("gcc", [], [PROGRAM, *sorted(tmp_path.glob("*.c"))], tmp_path / "paths", tmp_path)
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == "portable: a sum of bytes differs\n"


@pytest.fixture(scope="module")
def arm_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if why := missing(ARM_COMPILER, EMULATOR):
        pytest.skip(f"{why}: apt-get install gcc-aarch64-linux-gnu qemu-user")
    out = tmp_path_factory.mktemp("arm") / "paths"
    return compiled(ARM_COMPILER, ["-static"], [PROGRAM, *sources()], out)


@pytest.mark.parametrize(
    ("processor", "paths"),
    [("cortex-a57", ["portable", "neon"]), ("max", ["portable", "neon", "dotprod"])],
)
def test_the_paths_of_arm_agree_with_plain_c(arm_program: Path, processor: str, paths: list[str]) -> None:
    """The older processor has no instruction for products of bytes."""
    assert agreeing(EMULATOR, "-cpu", processor, arm_program) == paths
