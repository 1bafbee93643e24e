"""The house rules of docs/architecture.md, read from the source with ast.

One test a rule, which lists every file that breaks it, and one beside it that shows that its check sees a fault.
"""

from __future__ import annotations

import ast
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import moodrec

ROOT = Path(moodrec.__file__).parent
FLOORS = {
    "addresses": 0,
    "arguments": 0,
    "errors": 0,
    "extras": 0,
    "files": 0,
    "given": 0,
    "html": 0,
    "lock": 0,
    "named_files": 0,
    "plugins": 0,
    "names": 0,
    "printable": 0,
    "artists": 0,
    "typing": 0,
    "config": 0,
    "schema": 0,
    "audio": 1,
    "filters": 1,
    "metrics": 1,
    "ranking": 1,
    "data": 2,
    "model": 2,
    "index": 2,
    "training": 3,
    "embedding": 3,
    "library": 3,
    "catalog": 4,
    "engines": 4,
    "bulk": 5,
    "recommend": 5,
    "evaluation": 5,
    "players": 5,
    "plots": 5,
    "demo": 6,
    "serve": 6,
    "doctor": 6,
    "cli": 7,
    "__main__": 8,
}
WITHOUT = {
    "torch": {"audio", "filters", "metrics", "ranking", "index", "library", "data", "cli"},
    "torchaudio": {"audio", "filters", "metrics", "ranking", "index", "library", "data", "cli"},
    "faiss": {"audio", "filters", "metrics", "ranking", "library", "data", "model", "training", "embedding"},
}
"""Packages that must never import a library, not even inside a function."""
EXCEPT = {"torch": {"index/backends/gpu/scan.py"}}
"""Files that may all the same: there inside a function, on a path that needs it."""
ROOMS = {
    "runtime": 0,
    "presets": 0,
    "kernel": 1,
    "rows": 2,
    "search": 3,
    "backends": 4,
    "planner": 5,
    "snapshot": 5,
    "versions": 6,
    "changes": 6,
    "storage": 6,
    "saved": 7,
    "info": 7,
    "tracks": 7,
    "streaming": 7,
    "reading": 8,
    "front": 8,
    "mood_index": 9,
}
"""The rooms of moodrec/index: packages and modules directly under it."""
LONGEST_FILE = 250
"""Lines of code in a file at most: docstrings, comments and blank lines are wanted, and not counted."""
PICKLES = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}
HEAVY = ("torch", "torchaudio", "faiss", "pandas", "pyarrow", "sqlglot", "matplotlib", "numpy", "soundfile")
MODULES = sorted(ROOT.rglob("*.py"))


def unit_of(path: Path) -> str:
    """The package or module directly under moodrec that a file belongs to; "" for the facade."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def dotted(path: Path) -> str:
    parts = ("moodrec", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(part for part in parts if part != "__init__")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports_of(tree: ast.AST, with_hints: bool = True) -> Iterator[str]:
    """Every module a tree imports, inside functions and through import_module("...") too.

    Without hints, what stands under ``if TYPE_CHECKING`` does not count.
    """
    hints = [node for node in ast.walk(tree) if isinstance(node, ast.If) and _for_hints(node.test)]
    left_out = set() if with_hints else {inner for node in hints for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if node in left_out:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A relative import has no place in the house: its dots make it a name that belongs to no floor.
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"} and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def _for_hints(test: ast.expr) -> bool:
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return True
    return False


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def functions_of(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def by_name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def listed(faults: Iterable[str]) -> str:
    """All faults of a rule in one message; empty if there is none."""
    return "\n".join(faults)


def floor_faults(unit: str, imported: Iterable[str]) -> list[str]:
    """The imports of a unit that do not point downwards."""
    faults = []
    if unit and unit not in FLOORS:
        return [f"{unit} has no floor"]
    for name in imported:
        parts = name.split(".")
        if name.startswith("."):
            faults.append(f"{name}: imports are absolute")
        if parts[0] != "moodrec" or unit == "" or len(parts) < 2:
            continue
        target = parts[1]
        if target not in FLOORS:
            faults.append(f"{name}: import from the module itself, not from the facade")
        elif target != unit and FLOORS[target] >= FLOORS[unit] and not FLOORS[unit] == FLOORS[target] == 0:
            faults.append(name)
    return faults


def test_a_module_imports_only_from_floors_below() -> None:
    assert not listed(
        f"{by_name(path)}: {fault}"
        for path in MODULES
        for fault in floor_faults(unit_of(path), imports_of(tree_of(path)))
    )


def test_the_floor_check_sees_an_upward_import() -> None:
    source = "def f():\n    from moodrec.cli.app import app\n    import_module('moodrec.library')"
    assert floor_faults("index", imports_of(ast.parse(source))) == ["moodrec.cli.app.app", "moodrec.library"]
    assert floor_faults("index", ["moodrec.Library"]) != []
    assert floor_faults("attic", []) == ["attic has no floor"]
    assert floor_faults("index", imports_of(ast.parse("from ..cli import app"))) == [
        "..cli.app: imports are absolute"
    ]
    assert floor_faults("index", ["moodrec.index.planner", "moodrec.errors.DataError", "numpy"]) == []


def room_faults(room: str, imported: Iterable[str]) -> list[str]:
    """The imports of a room of moodrec/index from the same height or above."""
    if room not in ROOMS:
        return [f"{room} is no room of moodrec/index: give it a place in ROOMS"]
    names = [name.split(".") for name in imported]
    inside = [parts for parts in names if parts[:2] == ["moodrec", "index"] and len(parts) > 2]
    return [
        ".".join(parts) for parts in inside if parts[2] != room and ROOMS.get(parts[2], 99) >= ROOMS[room]
    ]


def test_a_room_of_the_index_imports_only_from_rooms_below() -> None:
    index = ROOT / "index"
    inside = {path: path.relative_to(index) for path in MODULES if path.is_relative_to(index / "")}
    assert not listed(
        f"index/{place}: {fault}"
        for path, place in inside.items()
        if place.parts != ("__init__.py",)
        for fault in room_faults(place.with_suffix("").parts[0], imports_of(tree_of(path), with_hints=False))
    )


def test_the_room_check_sees_an_upward_import() -> None:
    source = """
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.backends.base import Backend
from moodrec.index import planner
if TYPE_CHECKING:
    from moodrec.index.storage.version import Version
def f():
    import moodrec.index.mood_index
"""
    upward = ["moodrec.index.backends.base.Backend", "moodrec.index.planner", "moodrec.index.mood_index"]
    assert room_faults("search", imports_of(ast.parse(source), with_hints=False)) == upward
    assert room_faults("planner", ["moodrec.index.storage.store"]) == ["moodrec.index.storage.store"]
    assert room_faults("search", ["moodrec.index.search.hits", "moodrec.index.attic.x"]) == [
        "moodrec.index.attic.x"
    ]
    assert len(room_faults("attic", [])) == 1


def test_no_import_cycles() -> None:
    known = {dotted(path) for path in MODULES}
    graph = {dotted(path): _targets(path, known) for path in MODULES if unit_of(path) != ""}
    assert find_cycle(graph) is None


def _targets(path: Path, known: set[str]) -> set[str]:
    found = set()
    for name in imports_of(tree_of(path)):
        module = name if name in known else name.rpartition(".")[0]
        if module in known and module not in {dotted(path), "moodrec"}:
            found.add(module)
    return found


def find_cycle(graph: dict[str, set[str]]) -> list[str] | None:
    done: set[str] = set()

    def visit(node: str, way: list[str]) -> list[str] | None:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return None
        for target in sorted(graph.get(node, ())):
            if cycle := visit(target, [*way, node]):
                return cycle
        done.add(node)
        return None

    return next((cycle for node in sorted(graph) if (cycle := visit(node, []))), None)


def test_the_cycle_check_sees_a_cycle() -> None:
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None


def banned_imports(name: str, unit: str, imported: Iterable[str]) -> list[str]:
    """The libraries that a file imports and must not."""
    roots = {module.split(".")[0] for module in imported}
    banned = {
        library for library, units in WITHOUT.items() if unit in units and name not in EXCEPT.get(library, ())
    }
    return sorted(roots & (PICKLES | banned))


def test_banned_imports() -> None:
    assert not listed(
        f"{by_name(path)} imports {library}"
        for path in MODULES
        for library in banned_imports(by_name(path), unit_of(path), imports_of(tree_of(path)))
    )


def test_the_check_of_imports_sees_a_banned_one() -> None:
    imported = list(imports_of(ast.parse("import pickle\ndef f():\n    import torch.nn\n    import faiss")))
    assert banned_imports("index/planner.py", "index", imported) == ["pickle", "torch"]
    assert banned_imports("index/backends/gpu/scan.py", "index", imported) == ["pickle"]
    assert banned_imports("model/network.py", "model", imported) == ["faiss", "pickle"]


def statement_faults(tree: ast.AST, unit: str) -> list[str]:
    """Statements that the house does not have, with their lines."""
    return [line for node in ast.walk(tree) if (line := _fault(node, unit))]


def test_banned_statements() -> None:
    assert not listed(
        f"{by_name(path)}:{fault}"
        for path in MODULES
        for fault in statement_faults(tree_of(path), unit_of(path))
    )


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("try:\n    f()\nexcept:\n    pass", "3: blind except"),
        ("try:\n    f()\nexcept Exception:\n    pass", "3: blind except"),
        ("print('x')", "1: print"),
        ("import sys\nsys.exit(1)", "2: a library never exits"),
        ("assert x", "1: assert does not validate under -O"),
    ],
)
def test_the_check_of_statements_sees_a_banned_one(source: str, fault: str) -> None:
    assert statement_faults(ast.parse(source), "index") == [fault]


def _fault(node: ast.AST, unit: str) -> str | None:
    match node:
        case (
            ast.ExceptHandler(type=None) | ast.ExceptHandler(type=ast.Name(id="Exception" | "BaseException"))
        ):
            return f"{node.lineno}: blind except"
        case ast.Call(func=ast.Name(id="print")):
            return f"{node.lineno}: print"
        case ast.Call(func=ast.Attribute(value=ast.Name(id="sys" | "os"), attr="exit" | "_exit")) if (
            unit != "cli"
        ):
            return f"{node.lineno}: a library never exits"
        case ast.Assert():
            return f"{node.lineno}: assert does not validate under -O"
    return None


def file_faults(text: str) -> list[str]:
    """What is wrong with a file as a whole."""
    faults = []
    if text.strip() and not text.startswith('"""'):
        faults.append("a module says in its first line what it is")
    if (n := lines_of_code(text)) > LONGEST_FILE:
        faults.append(f"{n} lines of code hold more than one idea")
    return faults


def lines_of_code(text: str) -> int:
    """How many lines are neither blank nor all comment or docstring."""
    described: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            described.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(
        bool(line.strip()) and line.strip()[0] != "#" and number not in described for number, line in lines
    )


def test_a_file_holds_one_idea() -> None:
    assert not listed(
        f"{by_name(path)}: {fault}"
        for path in MODULES
        for fault in file_faults(path.read_text(encoding="utf-8"))
    )


def test_the_check_of_files_sees_a_long_one_and_one_that_does_not_say_what_it_is() -> None:
    assert file_faults("") == file_faults('"""One idea."""\n') == []
    assert file_faults("import os\n") == ["a module says in its first line what it is"]
    assert file_faults('"""Many."""\n' + "# Why.\nx = 1\n\n" * (LONGEST_FILE + 1)) == [
        "251 lines of code hold more than one idea"
    ]
    assert file_faults('"""Few."""\n' + "# Why.\nx = 1\n\n" * LONGEST_FILE) == []


def median_lines(trees: Iterable[ast.AST]) -> float:
    """Of the bodies of all functions."""
    return statistics.median(_body_lines(node) for tree in trees for node in functions_of(tree))


def test_the_median_function_is_short() -> None:
    assert median_lines(map(tree_of, MODULES)) < 10


def test_the_check_of_lengths_counts_bodies_without_docstrings() -> None:
    long = 'def f():\n    """Three\n\n    lines."""\n    x = 1\n    return x\n'
    assert median_lines([ast.parse(long), ast.parse("class C:\n    def g(self): return 1\n")]) == 1.5


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return 0 if not body else (body[-1].end_lineno or 0) - body[0].lineno + 1


NOT_PRIVATE = {"_asdict", "_BatchNorm", "_exit", "_fields_", "_kernel", "_replace", "_repr_html_"}
"""Names with an underscore that are no secret of ours."""


def private_names(tree: ast.Module) -> list[str]:
    """The private names of other objects that a test uses, unless its docstring says that it tests their inside."""
    if "Tests the inside of moodrec." in (ast.get_docstring(tree) or ""):
        return []
    return [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and re.match(r"_[a-zA-Z]", node.attr)
        and node.attr not in NOT_PRIVATE
        and not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"})
    ]


def test_tests_use_the_public_door_or_say_that_they_do_not() -> None:
    tests = Path(__file__).parent
    assert not listed(
        f"{path.relative_to(tests)}:{fault}"
        for path in sorted(tests.rglob("*.py"))
        for fault in private_names(tree_of(path))
    )


def test_the_check_of_doors_sees_a_private_name() -> None:
    source = "def test(index):\n    assert index._rows == index.__dict__\n"
    assert private_names(ast.parse(source)) == ["2: index._rows"]
    assert private_names(ast.parse(f'"""Tests the inside of moodrec.index."""\n{source}')) == []
    assert (
        private_names(ast.parse("class C:\n    def f(self): return self._x + frame()._repr_html_()\n")) == []
    )


def loaded_by(code: str) -> set[str]:
    """Heavy libraries that a fresh interpreter holds after running ``code``."""
    report = f"import sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_importing_moodrec_loads_nothing_heavy() -> None:
    assert loaded_by("import moodrec; moodrec.__version__; dir(moodrec)") == set()


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["similar", "--help"], ["nonsense"]])
def test_the_command_line_starts_without_anything_heavy(args: list[str]) -> None:
    code = f"import moodrec.cli.app as m; m.app({args!r}, standalone_mode=False)"
    assert loaded_by(code) == set()


def test_every_package_imports_lightly() -> None:
    packages = [f"moodrec.{place.parent.name}" for place in ROOT.glob("*/__init__.py")]
    assert loaded_by("\n".join(f"import {name}" for name in packages)) == set()


def test_help_takes_less_than_half_a_second_of_processor_time() -> None:
    times = [_processor_seconds([sys.executable, "-m", "moodrec", "--help"]) for _ in range(3)]
    assert min(times) < 0.5


def _processor_seconds(command: list[str]) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime
