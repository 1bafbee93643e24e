"""Reading recipes: bases, roots, errors that name the field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from moodrec.errors import ConfigError, NotFoundError
from moodrec.training.recipe import Recipe, read_recipe

MINIMAL = 'name = "x"\n[[data]]\nsource = "table"\nroot = "tracks.csv"\n'


def write(folder: Path, text: str, name: str = "recipe.toml") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_roots_start_at_the_recipe(tmp_path: Path) -> None:
    assert read_recipe(write(tmp_path, MINIMAL)).data[0].root == str(tmp_path / "tracks.csv")


def test_roots_take_environment_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, MINIMAL.replace("tracks.csv", "${MUSIC_ROOT}/a"))
    monkeypatch.delenv("MUSIC_ROOT", raising=False)
    with pytest.raises(ConfigError, match="MUSIC_ROOT"):
        read_recipe(path)
    monkeypatch.setenv("MUSIC_ROOT", str(tmp_path / "m"))
    assert read_recipe(path).data[0].root == str(tmp_path / "m" / "a")


def test_a_base_is_overlaid_field_by_field(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL + "[split]\nfolds = 5\n[training]\nepochs = 7\n", "base.toml")
    recipe = read_recipe(write(tmp_path, 'base = "base.toml"\nname = "y"\n[split]\nwithin_artist = 3\n'))
    assert (recipe.name, recipe.split.folds, recipe.split.within_artist, recipe.training.epochs) == (
        "y",
        5,
        3,
        7,
    )


def test_a_base_of_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="own base"):
        read_recipe(write(tmp_path, 'base = "recipe.toml"\n'))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (MINIMAL + "[training]\nepoch = 3\n", r"training\.epoch"),
        (MINIMAL + "[split]\nfolds = 1\n", "one fold"),
        (MINIMAL + "[split]\nonly_fold = 2\nfolds = 2\n", "only_fold"),
        (MINIMAL + '[moods.Loud]\ndescription = ""\ntargets = []\n', r"moods\.Loud"),
        ('name = "x"\n', "data"),
        ("name = \n", "not valid TOML"),
    ],
)
def test_mistakes_name_the_field(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_recipe(write(tmp_path, text))


def test_a_missing_recipe(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        read_recipe(tmp_path / "none.toml")


def test_the_digest_follows_settings_not_places(tmp_path: Path) -> None:
    first = read_recipe(write(tmp_path, MINIMAL))
    moved = first.model_copy(update={"data": (first.data[0].model_copy(update={"root": "/elsewhere"}),)})
    assert moved.digest == first.digest
    assert first.model_copy(update={"seed": 1}).digest != first.digest
    assert first.model_copy(update={"terms": "none", "name": "y"}).digest == first.digest


def test_pooled_targets_count_for_the_digest_where_there_are_any(tmp_path: Path) -> None:
    plain = read_recipe(write(tmp_path, MINIMAL))
    pooled = read_recipe(write(tmp_path, MINIMAL + '\n[pool_targets]\n"a:" = "b:"\n', "pooled.toml"))
    assert plain.pool_targets == {}
    assert pooled.digest != plain.digest


@pytest.mark.parametrize("path", sorted(Path("recipes").glob("*.toml")), ids=lambda path: path.name)
def test_the_recipes_of_the_repository_are_valid(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in re.findall(r"\$\{(\w+)\}", path.read_text()):
        monkeypatch.setenv(variable, "anywhere")
    monkeypatch.setenv("MOODREC_DATA", "anywhere")
    assert isinstance(read_recipe(path), Recipe)


def test_fields_that_came_later_change_no_digest_until_they_are_used(tmp_path: Path) -> None:
    """The digests of recipes that were run before the fields were there still hold."""
    written = read_recipe(write(tmp_path, MINIMAL)).tasks.model_dump(mode="json")["mood"]
    assert written == {"weight": 1.0, "target_weights": {}}
    exclusive = read_recipe(
        write(tmp_path, MINIMAL + '\n[tasks.mood]\nexclusive = [["a:b", "a:c"]]\n', "b.toml")
    )
    assert exclusive.tasks.model_dump(mode="json")["mood"]["exclusive"] == [["a:b", "a:c"]]
