"""Put the libraries of the page into the package: ``python tools/vendor_page.py`` (needs npm).

The page has no build step and works offline, so the few libraries that it uses lie beside it as the ES modules that
their authors publish. Their imports of one another become relative, because a page whose policy forbids inline
scripts can have no import map. Each version is fixed here; npm checks what it downloads.
"""

from __future__ import annotations

import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

OUT = Path(__file__).parents[1] / "moodrec" / "serve" / "static" / "vendor"
PACKAGES = {
    "preact@11.2.0": {"dist/preact.mjs": "preact.js", "hooks/dist/hooks.mjs": "hooks.js"},
    "htm@3.1.1": {"dist/htm.mjs": "htm.js"},
    "@preact/signals-core@1.14.5": {"dist/signals-core.mjs": "signals-core.js"},
    "@preact/signals@2.11.4": {"dist/signals.mjs": "signals.js"},
}
RELATIVE = {
    "preact": "./preact.js",
    "preact/hooks": "./hooks.js",
    "@preact/signals-core": "./signals-core.js",
}


def main() -> None:
    """Download the packages, and write their modules and licences."""
    OUT.mkdir(parents=True, exist_ok=True)
    licences = []
    with tempfile.TemporaryDirectory() as folder:
        for package, files in PACKAGES.items():
            printed = subprocess.run(
                ["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True, text=True
            )
            with tarfile.open(Path(folder) / printed.stdout.strip()) as archive:
                for source, name in files.items():
                    (OUT / name).write_text(relative(read(archive, source)))
                licences.append(f"{package}\n{'=' * len(package)}\n\n{read(archive, 'LICENSE').strip()}\n")
    (OUT / "LICENSES.txt").write_text("\n\n".join(licences))


def read(archive: tarfile.TarFile, name: str) -> str:
    """Read a text file of an npm package."""
    found = archive.extractfile(f"package/{name}")
    if found is None:
        raise FileNotFoundError(name)
    return found.read().decode()


def relative(source: str) -> str:
    """Make a module's imports relative, and drop the reference to its source map, which is not here."""
    source = re.sub(r"\n?//# sourceMappingURL=\S+\s*$", "\n", source)
    return re.sub(
        r'(from\s*|import\s*)"([^".][^"]*)"', lambda found: f'{found[1]}"{RELATIVE[found[2]]}"', source
    )


if __name__ == "__main__":
    main()
