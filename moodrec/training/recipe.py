"""The recipe: everything that decides what a training run gives, in one TOML file."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from moodrec.config import (
    AudioConfig,
    Config,
    Fraction,
    ModelConfig,
    Positive,
    WindowConfig,
    load_toml,
    validate,
)
from moodrec.errors import ConfigError, NotFoundError
from moodrec.model.describe import PACKAGED_MODEL, describe_model
from moodrec.model.spec import PublishedMood
from moodrec.training.tasks import TasksConfig

DEFAULT_MODEL: Final = "default"
"""Stands for the model inside the package where a recipe names a model to start from."""


class AugmentConfig(Config):
    """SpecAugment (Park et al. 2019, arXiv 1904.08779) without time warping."""

    frequency_masks: Annotated[int, Field(ge=0)] = 2
    """Bands masked per excerpt."""
    frequency_width: Annotated[int, Field(ge=0)] = 12
    """Greatest height of a mask, in mel bands."""
    time_masks: Annotated[int, Field(ge=0)] = 2
    """Stretches masked per excerpt."""
    time_width: Annotated[int, Field(ge=0)] = 20
    """Greatest length of a mask, in frames."""


class OptimizerConfig(Config):
    """AdamW under a one-cycle schedule; the model kept is the moving average of the weights."""

    epochs: Positive = 60
    """Passes over the tracks with a known mood target (over all tracks where none has one)."""
    batch_size: Annotated[int, Field(ge=2)] = 32
    """Tracks of the pass in a step."""
    metadata_batch_size: Annotated[int, Field(ge=0)] = 0
    """Tracks without any mood target added to each step, from an endless shuffle of their own; 0 leaves such
    tracks out. Steps and mood excerpts are the same with and without them."""
    excerpts: Positive = 1
    """Random excerpts of each track of a step, from as many equal stretches of it."""
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    """Peak of the schedule: linear warm-up over a tenth of the steps, cosine down to zero."""
    metadata_first: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the steps in which the metadata losses alone count, before the moods join."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Decay per step of the exponential moving average of the weights."""
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    """``bfloat16`` runs the convolutions under autocast: two to five times faster on CPUs that have it."""
    channels_last: bool = True
    """Memory layout of the convolutions."""
    threads: Annotated[int, Field(ge=0)] = 0
    """CPU threads; 0 takes all cores. A resumed run is bit-equal only with the same number."""
    checkpoint_every: Positive = 5
    """Epochs between checkpoints."""


class WarmStartConfig(Config):
    """Weights to start from instead of random ones."""

    model: str
    """A model folder, or ``default`` for the model inside the package; ``${NAME}`` is replaced from the environment,
    relative paths start at the recipe."""
    modules: Annotated[tuple[str, ...], Field(min_length=1)] = ("backbone",)
    """Parts to copy, by dotted name: ``backbone``, ``projection``, ``norm``, ``heads.mood``, ..."""
    freeze: tuple[str, ...] = ()
    """Parts that are not trained, by dotted name; their batch norms keep the statistics that they have. With
    the backbone's trunk among them its features are computed once a window: training takes seconds, and SpecAugment
    has no part in it."""
    learning_rate_scale: Annotated[float, Field(gt=0)] = 1.0
    """Learning rate of the copied parts, as a share of that of the others."""

    @property
    def fingerprint(self) -> str:
        """The identity of the model to start from.

        Raises:
            NotFoundError: there is none; the message says which field asked for it.
        """
        try:
            return describe_model(Path(self.model)).fingerprint
        except NotFoundError as error:
            raise NotFoundError(
                f"warm_start.model: {error}; recipes/README.md says where the models to start from come from"
            ) from None


class DataEntry(Config):
    """One dataset."""

    source: str
    """A file under ``moodrec/data/sources``: ``table``, ``emotify``, ``mood4q``, ``jamendo``, ..."""
    root: str
    """Folder or table; ``${NAME}`` is replaced from the environment, relative paths start at the recipe."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Passed to the source."""


class SplitConfig(Config):
    """What the final model does not see."""

    held_out: tuple[Literal["val", "test"], ...] = ()
    """Tracks with these values in the tables' ``split`` are kept from training."""
    folds: Annotated[int, Field(ge=0)] = 0
    """With 2 or more, as many further models are first trained, each on the other folds (grouped: no artist in
    two folds), and their predictions on tracks they never heard give the calibration and the honest figures."""
    only_fold: Annotated[int, Field(ge=0)] | None = None
    """Train the model of this fold alone."""
    within_artist: Annotated[int, Field(ge=0)] = 0
    """With 2 or more: hold out one track of every artist that has this many, to score the metadata heads."""

    @model_validator(mode="after")
    def _consistent(self) -> SplitConfig:
        if self.folds == 1:
            raise ValueError("folds: one fold leaves nothing to train on; take 0 or at least 2")
        if self.only_fold is not None and self.only_fold >= self.folds:
            raise ValueError("only_fold: must be below folds")
        return self


class Recipe(Config):
    """A training run."""

    name: str
    seed: int = 0
    audio: AudioConfig = AudioConfig()
    windows: WindowConfig = WindowConfig()
    network: ModelConfig = ModelConfig()
    tasks: TasksConfig = TasksConfig()
    augment: AugmentConfig = AugmentConfig()
    training: OptimizerConfig = OptimizerConfig()
    warm_start: WarmStartConfig | None = None
    split: SplitConfig = SplitConfig()
    data: Annotated[tuple[DataEntry, ...], Field(min_length=1)]
    moods: dict[str, PublishedMood] = Field(default_factory=dict)
    """What the model publishes; without it, every mood target under its own name."""
    terms: str = ""
    """Under which terms the weights may be used, in one line."""
    pool_targets: dict[str, str] = Field(default_factory=dict)
    """Beginnings of target names to what takes their place: targets of several datasets that are then called the same
    are learnt as one, as ``"mood4q:word:" = "allmusic:word:"`` and ``"mirex_mood:word:" = "allmusic:word:"``."""
    label_smoothing: Fraction = 0.0
    """Pulls mood targets towards 0.5 by this share."""

    @property
    def digest(self) -> str:
        """Changes with every setting that decides the weights; a run is resumed only under the same one.

        So a finished run publishes other moods or terms without training again. Of a model to start from, its
        fingerprint counts, not its place.

        Raises:
            NotFoundError: there is no model to start from.
        """
        settings = self.model_dump_json(
            exclude={
                "name": True,
                "moods": True,
                "terms": True,
                "data": {"__all__": {"root"}},
                "split": {"only_fold"},
                "training": {"checkpoint_every"},
                "warm_start": {"model"},
                **({} if self.pool_targets else {"pool_targets": True}),
            }
        )
        if self.warm_start is not None:
            settings += self.warm_start.fingerprint
        return hashlib.sha256(settings.encode()).hexdigest()[:16]


def read_recipe(path: Path) -> Recipe:
    """Read a recipe and resolve the places it names.

    ``base = "other.toml"`` starts from another recipe beside it; tables are merged field by field.

    Raises:
        NotFoundError: no such file.
        ConfigError: a wrong field, or an environment variable in a place that is not set.
    """
    recipe = validate(_with_base(path, ()), Recipe, path)
    entries = tuple(
        entry.model_copy(update={"root": resolve_place(entry.root, path.parent)}) for entry in recipe.data
    )
    start = recipe.warm_start
    if start is not None:
        start = start.model_copy(update={"model": resolve_model(start.model, path.parent)})
    return recipe.model_copy(update={"data": entries, "warm_start": start})


def resolve_model(model: str, beside: Path) -> str:
    """Like :func:`resolve_place`; ``default`` is the model inside the package."""
    return str(PACKAGED_MODEL) if model == DEFAULT_MODEL else resolve_place(model, beside)


def _with_base(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    if path in above:
        raise ConfigError(f"{path}: is its own base")
    fields = load_toml(path)
    base = fields.pop("base", None)
    return fields if base is None else _merge(_with_base(path.parent / base, (*above, path)), fields)


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merge(base[key], over[key]) for key in base.keys() & over.keys() if isinstance(base[key], dict)
    }
    return base | over | both


def resolve_place(place: str, beside: Path) -> str:
    """Replace environment variables and make the path absolute."""
    expanded = os.path.expandvars(place)
    if "$" in expanded:
        raise ConfigError(f"{place!r}: set the environment variable it names")
    return str((beside / Path(expanded).expanduser()).resolve())
