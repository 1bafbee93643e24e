"""The pages of the API reference, made from the source without importing it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = ROOT / "moodrec"
FRONT: Final = "reference/index.md"


def reference_pages() -> dict[str, str]:
    """Make the page of public names, and a page for each package with all its modules, as mkdocstrings reads them."""
    modules: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if not path.stem.startswith("_"):
            modules.setdefault(page_of(name), []).append(name)
    pages = {FRONT: front_page()}
    for page, names in modules.items():
        title = page.removeprefix("reference/").removesuffix(".md")
        pages[page] = "\n\n".join([f"# {title}", *(f"::: {name}" for name in names)]) + "\n"
    return pages


def page_of(module: str) -> str:
    """Name the page that describes a module: that of its package, at most two below moodrec."""
    return f"reference/{'.'.join(module.split('.')[:-1][:3])}.md"


def public_names() -> dict[str, str]:
    """Map each name of ``moodrec.__all__`` that has a description to the module that it comes from."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    homes = {alias.name: str(node.module) for node in imports for alias in node.names}
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    (exported,) = [
        ast.literal_eval(node.value) for node in assigned if "__all__" in map(ast.unparse, node.targets)
    ]
    return {name: homes[name] for name in exported if not name.startswith("__")}


def front_page() -> str:
    """List the public names, each with the first line of its docstring and a link to its description."""
    lines = ["# Reference", "", "`from moodrec import ...` gives:", ""]
    for name, module in public_names().items():
        page = page_of(module).removeprefix("reference/")
        lines.append(f"- [`{name}`]({page}#{module}.{name}): {_first_line(module, name)}")
    lines += [
        "",
        "The other pages describe every module, one page a package, without names that begin with `_`.",
    ]
    return "\n".join(lines) + "\n"


def _first_line(module: str, name: str) -> str:
    tree = ast.parse((ROOT / Path(*module.split("."))).with_suffix(".py").read_text())
    (found,) = [
        node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name
    ]
    text = ast.get_docstring(found) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("``", "`")
