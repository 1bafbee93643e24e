"""The house rules of docs/architecture.md, read from the source with ast."""

from __future__ import annotations

import ast
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import moodrec

ROOT = Path(moodrec.__file__).parent
FLOORS = {
    "errors": 0,
    "files": 0,
    "html": 0,
    "lock": 0,
    "names": 0,
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
    "recommend": 5,
    "evaluation": 5,
    "plots": 5,
    "demo": 6,
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


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports_of(tree: ast.AST) -> Iterator[str]:
    """Every module a tree imports, inside functions and through import_module("...") too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def functions_of(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def by_name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def floor_faults(unit: str, imported: list[str]) -> list[str]:
    """The imports of a unit that do not point downwards."""
    faults = []
    for name in imported:
        parts = name.split(".")
        if parts[0] != "moodrec" or unit == "" or len(parts) < 2:
            continue
        target = parts[1]
        if target not in FLOORS:
            faults.append(f"{name}: import from the module itself, not from the facade")
        elif target != unit and FLOORS[target] >= FLOORS[unit] and not FLOORS[unit] == FLOORS[target] == 0:
            faults.append(name)
    return faults


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_a_module_imports_only_from_floors_below(path: Path) -> None:
    unit = unit_of(path)
    assert unit == "" or unit in FLOORS, f"{unit} has no floor"
    assert floor_faults(unit, list(imports_of(tree_of(path)))) == []


def test_the_floor_check_sees_an_upward_import() -> None:
    source = "def f():\n    from moodrec.cli.app import app\n    import_module('moodrec.library')"
    assert floor_faults("index", list(imports_of(ast.parse(source)))) == [
        "moodrec.cli.app.app",
        "moodrec.library",
    ]
    assert floor_faults("index", ["moodrec.Library"]) != []


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


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_banned_imports(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports_of(tree_of(path))}
    assert not roots & PICKLES
    assert [
        library
        for library, units in WITHOUT.items()
        if unit_of(path) in units and library in roots and by_name(path) not in EXCEPT.get(library, ())
    ] == []


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_banned_statements(path: Path) -> None:
    tree = tree_of(path)
    assert [line for node in ast.walk(tree) if (line := _fault(node, unit_of(path)))] == []


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


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_a_file_holds_one_idea(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""') or not text.strip(), "a module says in its first line what it is"
    assert len(text.splitlines()) <= 320


def test_the_median_function_is_short() -> None:
    lengths = [_body_lines(node) for path in MODULES for node in functions_of(tree_of(path))]
    assert statistics.median(lengths) < 10


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return 0 if not body else (body[-1].end_lineno or 0) - body[0].lineno + 1


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
