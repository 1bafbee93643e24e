"""Plug-ins are backbones and datasets of other packages, found by entry point or by dotted path.

A package registers one under a name that a recipe then uses::

    [project.entry-points."moodrec.backbones"]
    wide_fcn = "mypackage.networks:WideFCN"

Without a registration the recipe names the object itself: ``backbone = "mypackage.networks:WideFCN"``. A dotted path
is imported only when the caller wrote it. One that comes out of a model file is not, because importing a module runs
its code: see :func:`check_trusted`.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Literal

from moodrec.arguments import brief
from moodrec.errors import ConfigError, UsageError

PluginKind = Literal["backbone", "dataset"]
GROUPS: Final[dict[PluginKind, str]] = {"backbone": "moodrec.backbones", "dataset": "moodrec.datasets"}
"""The entry point group of each kind."""
_IMPORT_FAULTS: Final = (ImportError, AttributeError, NameError, SyntaxError, TypeError, ValueError, OSError)


def plugin_names(kind: PluginKind) -> tuple[str, ...]:
    """List the plug-ins that the installed packages register, in alphabetical order."""
    return tuple(sorted({point.name for point in entry_points(group=GROUPS[kind])}))


def is_dotted_path(name: str) -> bool:
    """Whether a name has the form ``package.module:Object`` and so names an object rather than an entry point."""
    return ":" in name


def load_plugin(kind: PluginKind, name: str) -> Any:
    """Import a plug-in.

    Args:
        kind: what it is.
        name: the name of an entry point, or a dotted path, which is imported without a further question.

    Returns:
        The object that the entry point or the path names.

    Raises:
        ConfigError: no installed package registers the name, several do, or it cannot be imported. The message
            names the plug-in.
    """
    point = _dotted(kind, name) if is_dotted_path(name) else _registered(kind, name)
    said = (
        f"{kind} plug-in {brief(name)}"
        if point.value == name
        else f"{kind} plug-in {brief(name)} ({point.value})"
    )
    try:
        return point.load()
    except _IMPORT_FAULTS as error:
        raise ConfigError(f"{said} cannot be imported: {type(error).__name__}: {error}") from error


def check_trusted(kind: PluginKind, name: str, trusted: Collection[str], source: str) -> None:
    """Refuse a dotted path that a file names and its reader does not.

    A path is trusted if the caller passed it, or if an installed package registers the same object.

    Args:
        kind: what the name stands for.
        name: a name as it stands in the file.
        trusted: the names that the caller passed.
        source: the file, for the message.

    Raises:
        UsageError: the path is not trusted; nothing was imported.
    """
    own = (trusted,) if isinstance(trusted, str) else trusted  # in a string, `in` would take any part of it
    if not is_dotted_path(name) or name in own:
        return
    if any(point.value == name for point in entry_points(group=GROUPS[kind])):
        return
    raise UsageError(
        f"{source} names the {kind} {brief(name)}. A file does not decide which code runs: pass the name yourself "
        f"(trusted={[name]!r}), or install a package that registers it under {GROUPS[kind]}"
    )


def _registered(kind: PluginKind, name: str) -> EntryPoint:
    found = {point.value: point for point in entry_points(group=GROUPS[kind], name=name)}
    if len(found) > 1:
        raise ConfigError(
            f"{kind} plug-in {brief(name)} is registered several times: {', '.join(sorted(found))}"
        )
    if not found:
        raise ConfigError(f"no installed package registers a {kind} {brief(name)} under {GROUPS[kind]}")
    return next(iter(found.values()))


def _dotted(kind: PluginKind, name: str) -> EntryPoint:
    point = EntryPoint(name=name, value=name, group=GROUPS[kind])
    if point.pattern.match(name) is None or not point.attr:
        raise ConfigError(f"{kind} plug-in {brief(name)} is not of the form package.module:Object")
    return point
