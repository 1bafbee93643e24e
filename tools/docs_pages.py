"""Hooks of mkdocs.yml: pages that lie outside docs/, the reference, and links that leave the site.

``README.md`` becomes the home page, other READMEs and the notes for contributors become pages, and every package of
moodrec gets a page of the reference. A link to a file of the repository that is no page leads to the repository; a
link to a file that is not there ends the build.
"""

from __future__ import annotations

import posixpath
import re
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from tools.reference import ROOT, reference_pages

OUTSIDE: Final = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "recipes/README.md": "recipes.md",
    "indexes/README.md": "indexes.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Files of the repository that become pages, and where."""
LINK: Final = re.compile(r"(?<=\]\()([^)\s#:]+)(#[^)\s]*)?(?=\))")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that do not lie under docs/."""
    for source, page in OUTSIDE.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    reference = reference_pages()
    for page, content in reference.items():
        files.append(File.generated(config, page, content=content))
    config.nav = [*(config.nav or []), {"Reference": list(reference)}]
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point every link to a file at its page, or at the repository."""
    where = page.file.src_uri
    if where.startswith("reference/"):
        return markdown
    source = next((path for path, name in OUTSIDE.items() if name == where), f"docs/{where}")

    def pointed(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[1]))
        if target.startswith("..") or not (ROOT / target).exists():
            raise PluginError(f"{source}: {match[1]} is not there")
        return place_of(target, where, config) + (match[2] or "")

    return LINK.sub(pointed, markdown)


def place_of(target: str, where: str, config: MkDocsConfig) -> str:
    """The link from the page ``where`` to a file of the repository."""
    page = OUTSIDE.get(target, target.removeprefix("docs/") if target.startswith("docs/") else None)
    if page is None:
        return f"{config.repo_url.rstrip('/')}/{'tree' if (ROOT / target).is_dir() else 'blob'}/main/{target}"
    return posixpath.relpath(page, posixpath.dirname(where) or ".")
