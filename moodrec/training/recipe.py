"""The recipe holds everything that decides the result of a training run, in one TOML file."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated, Any, Literal

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
from moodrec.model.describe import describe_model, model_folder, packaged_models
from moodrec.model.metadata import MetadataField, metadata_columns
from moodrec.model.spec import PublishedMood
from moodrec.named_files import real_path
from moodrec.training.copies import CopiesConfig
from moodrec.training.tasks import TasksConfig


class AugmentConfig(Config):
    """Settings of SpecAugment (Park et al. 2019, arXiv 1904.08779) without time warping."""

    frequency_masks: Annotated[int, Field(ge=0)] = 2
    """Number of bands masked per excerpt."""
    frequency_width: Annotated[int, Field(ge=0)] = 12
    """Greatest height of a mask, in mel bands."""
    time_masks: Annotated[int, Field(ge=0)] = 2
    """Number of stretches masked per excerpt."""
    time_width: Annotated[int, Field(ge=0)] = 20
    """Greatest length of a mask, in frames."""


class OptimizerConfig(Config):
    """Settings of AdamW under a one-cycle schedule; the model kept is the moving average of the weights."""

    epochs: Positive = 60
    """Passes over the tracks with a known mood target (over all tracks where none has one)."""
    batch_size: Annotated[int, Field(ge=2)] = 32
    """Tracks of the pass in each step."""
    metadata_batch_size: Annotated[int, Field(ge=0)] = 0
    """Tracks without any mood target that are added to each step, from an endless shuffle of their own; 0 leaves
    such tracks out. Steps and mood excerpts are the same with and without them.
    """
    excerpts: Positive = 1
    """Random excerpts of each track of a step, one from each of as many equal stretches of it."""
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    """Peak of the schedule: linear warm-up over a tenth of the steps, then cosine down to zero."""
    metadata_first: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the steps, at the beginning, in which only the metadata losses count."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    """Weight decay of the matrices."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Decay per step of the exponential moving average of the weights."""
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    """``bfloat16`` runs the convolutions under autocast, which is two to five times faster on CPUs that support it.
    """
    channels_last: bool = True
    """Whether convolutions use the memory layout with the channels last."""
    threads: Annotated[int, Field(ge=0)] = 0
    """Number of CPU threads; 0 takes all cores. A resumed run is bit-equal only with the same number."""
    checkpoint_every: Positive = 5
    """Epochs between checkpoints."""


class WarmStartConfig(Config):
    """Which weights to start from instead of random ones."""

    model: str
    """A model folder, or the name of a model inside the package (``default``, ``moodrec-1``); ``${NAME}`` is replaced
    from the environment, relative paths start at the recipe."""
    modules: Annotated[tuple[str, ...], Field(min_length=1)] = ("backbone",)
    """Parts to copy, by dotted name: ``backbone``, ``projection``, ``norm``, ``heads.mood``, ..."""
    freeze: tuple[str, ...] = ()
    """Parts that are not trained, by dotted name; their batch norms keep the statistics that they have. If the
    backbone's trunk is among them, its features are computed once per window: training takes seconds, and
    SpecAugment is not applied.
    """
    learning_rate_scale: Annotated[float, Field(gt=0)] = 1.0
    """Learning rate of the copied parts, as a share of that of the others."""

    @property
    def fingerprint(self) -> str:
        """Compute the identity of the model to start from.

        Raises:
            NotFoundError: there is none; the message says which field names it.
        """
        try:
            return describe_model(Path(self.model)).fingerprint
        except NotFoundError as error:
            raise NotFoundError(
                f"warm_start.model: {error}; recipes/README.md says where the models to start from come from"
            ) from None


class DataEntry(Config):
    """One dataset of a recipe and the place where it is."""

    source: str
    """A file under ``moodrec/data/sources``: ``table``, ``emotify``, ``mood4q``, ``jamendo``, ..."""
    root: str
    """Folder or table; ``${NAME}`` is replaced from the environment, relative paths start at the recipe."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of the source's ``load``."""


class SplitConfig(Config):
    """Which tracks the final model is not trained on."""

    held_out: tuple[Literal["val", "test"], ...] = ()
    """Tracks with these values in the tables' ``split`` are not trained on."""
    folds: Annotated[int, Field(ge=0)] = 0
    """With 2 or more, as many further models are trained first, each on the other folds (grouped: no artist is in
    two folds). Their predictions on tracks they were not trained on give the calibration and the unbiased figures.
    """
    only_fold: Annotated[int, Field(ge=0)] | None = None
    """Train the model of this fold alone."""
    within_artist: Annotated[int, Field(ge=0)] = 0
    """With 2 or more, one track of every artist that has this many is held out, to score the metadata heads."""

    @model_validator(mode="after")
    def _consistent(self) -> SplitConfig:
        if self.folds == 1:
            raise ValueError("folds: one fold leaves nothing to train on; take 0 or at least 2")
        if self.only_fold is not None and self.only_fold >= self.folds:
            raise ValueError("only_fold: must be below folds")
        return self


class MetadataInputConfig(Config):
    """Metadata as an input of the mood head."""

    fields: Annotated[tuple[MetadataField, ...], Field(min_length=1)] = ("genre", "year")
    """Which metadata: ``genre`` (mapped onto everyday genres) and ``year``. Labels of an artist's or album's other
    tracks are what a model's context uses, and are no input."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Share of the tracks of a step whose metadata is hidden, so that the audio alone still tells the mood."""
    scored: Literal["with", "without"] = "with"
    """Whether an experiment scores its test tracks with their metadata, or by their audio alone: what is lost by
    having learnt with metadata."""


class Recipe(Config):
    """All settings of a training run."""

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
    """The moods that the model publishes; without any, every mood target under its own name."""
    terms: str = ""
    """The terms under which the weights may be used, in one line."""
    pool_targets: dict[str, str] = Field(default_factory=dict)
    """Beginnings of target names to what takes their place: targets of several datasets that are then called the same
    are learnt as one, as ``"mood4q:word:" = "allmusic:word:"`` and ``"mirex_mood:word:" = "allmusic:word:"``."""
    copies: CopiesConfig | None = None
    """Copies of tracks that the embedding is made steadier against, after training."""
    metadata_input: MetadataInputConfig | None = None
    """Metadata that the mood head takes besides the audio while training. The model that is published scores the
    audio alone, unless it is given the same metadata."""
    label_smoothing: Fraction = 0.0
    """Share by which mood targets are moved towards 0.5."""

    @property
    def shape(self) -> ModelConfig:
        """The shape of the network that is trained: with metadata as input, it names the numbers that it takes."""
        if self.metadata_input is None:
            return self.network
        return self.network.model_copy(update={"metadata": metadata_columns(self.metadata_input.fields)})

    @property
    def digest(self) -> str:
        """Compute a digest that changes with every setting that decides the weights; a run is resumed only under
        the same one.

        So a finished run publishes other moods or terms without training again. A model to start from counts by its
        fingerprint, not by its path.

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
                **({} if self.copies else {"copies": True}),
                **({} if self.metadata_input else {"metadata_input": True}),
            }
        )
        if self.warm_start is not None:
            settings += self.warm_start.fingerprint
        return hashlib.sha256(settings.encode()).hexdigest()[:16]


def read_recipe(path: Path) -> Recipe:
    """Read a recipe and resolve the paths in it.

    ``base = "other.toml"`` starts from another recipe beside it; tables are merged field by field.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: a field is wrong, or an environment variable in a path is not set.
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
    """Resolve the path of a model folder; the names of models inside the package stand for these.

    Args:
        model: the path in the recipe, or the name of a packaged model.
        beside: folder that relative paths start from.

    Raises:
        ConfigError: the path names an environment variable that is not set.
    """
    return str(model_folder(model)) if model in packaged_models() else resolve_place(model, beside)


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
    """Replace environment variables in a path and make it absolute.

    Args:
        place: the path in the recipe.
        beside: folder that relative paths start from.

    Raises:
        ConfigError: the path names an environment variable that is not set.
    """
    expanded = os.path.expandvars(place)
    if "$" in expanded:
        raise ConfigError(f"{place!r}: set the environment variable it names")
    return str(real_path(beside / os.path.expanduser(expanded)))  # noqa: PTH111
