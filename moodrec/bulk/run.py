"""``embed_manifest`` turns a manifest into a folder of Parquet files, and goes on where a call was stopped."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import get_args

import pyarrow as pa
import pyarrow.parquet as pq

from moodrec.addresses import Folder
from moodrec.arguments import finite, whole
from moodrec.bulk.local_engine import local_results
from moodrec.bulk.manifest import Manifest
from moodrec.bulk.outcomes import ROW, about_model, check_columns, part_table
from moodrec.bulk.plan import Engine, Work, claim
from moodrec.bulk.ray_engine import ray_results, require_ray
from moodrec.catalog.model import settings_for
from moodrec.config import DecodeLimits, Device
from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import MoodrecError, UsageError
from moodrec.given import kind_of, text_of, word_of
from moodrec.library.records import Outcome
from moodrec.model.describe import model_folder


@dataclass(frozen=True)
class BulkOptions:
    """How a manifest is embedded."""

    engine: Engine = "local"
    """``local``: on this machine. ``ray``: by Ray Data, on this machine or a cluster."""
    device: Device = "auto"
    """Where the model runs; on Ray ``auto`` is the CPU."""
    jobs: int | None = None
    """Decoding processes; by default as many as suit the cores."""
    models: int | None = None
    """On Ray, actors that each hold the model; by default half the cores, or one where they have GPUs."""
    rows_per_part: int | None = None
    """Rows of one Parquet file; 2,000 by default. A part is what a stopped run repeats."""
    rows_per_block: int | None = None
    """On Ray, rows that a decoding actor takes at a time, and repeats if it is killed; by default eight blocks for
    each actor, of at most 500 rows."""
    timeout_s: float = 300.0
    """The greatest time that decoding one file may take, in seconds."""
    limits: DecodeLimits = field(default_factory=DecodeLimits)
    """What decoding one file may cost."""

    def check(self) -> None:
        """Check every number.

        Raises:
            UsageError: one is out of range.
        """
        word_of(self.engine, "engine", ("local", "ray"))
        word_of(self.device, "device", get_args(Device))
        kind_of(self.limits, DecodeLimits, "limits")
        for name in ("jobs", "models", "rows_per_part", "rows_per_block"):
            if getattr(self, name) is not None:
                whole(getattr(self, name), name)
        if finite(self.timeout_s, "timeout_s") <= 0:
            raise UsageError(f"timeout_s is {self.timeout_s}; it must be more than 0 seconds")


@dataclass(frozen=True)
class BulkProgress:
    """How far a run is."""

    done: int
    """Rows with an outcome, those of earlier runs included."""
    total: int
    counts: Mapping[Outcome, int]
    """Rows of this run by outcome; every outcome is a key."""


@dataclass(frozen=True)
class BulkReport:
    """What a run did."""

    counts: Mapping[Outcome, int]
    """Rows of this run by outcome; every outcome is a key."""
    rows: int
    """Rows of the manifest."""
    parts_written: int
    parts_before: int
    """Parts that earlier runs had written."""
    model_fingerprint: str


OnBulkProgress = Callable[[BulkProgress], None]
"""Receives the state of the run as results come."""


def embed_manifest(
    manifest: str,
    out: str,
    model: str | None = None,
    options: BulkOptions | None = None,
    on_progress: OnBulkProgress | None = None,
) -> BulkReport:
    """Decode and embed every file that a manifest names.

    ``out`` gets Parquet files ``part-000000.parquet``, ... with one row for each row of the manifest, in its order:
    the manifest's columns, the outcome (with reason and message), tags of the files where the manifest has no such
    column, embedding, and for each mood its score and its probability, which are those of the audio alone. A part
    appears whole. Stopped in any way, the next call goes on with the parts that are missing. The numbers are the
    same by either engine, to the last bit on the CPU.

    Args:
        manifest: a Parquet file, or a folder of them, with a column ``path``; a path or an address that fsspec opens.
        out: a folder; a path or an address that fsspec opens.
        model: the model's folder or name; by default the one that comes with the package.
        options: how it is done.
        on_progress: called as results come.

    Raises:
        NotFoundError: there is no manifest, or no model.
        DataError: the manifest is no Parquet table with a column ``path`` of texts.
        UsageError: an option is out of range, ``out`` holds other results, or columns of the manifest are taken.
        MissingExtraError: Ray, or what an address needs, is not installed.
        DiskFullError: there is no room.
    """
    options = BulkOptions() if options is None else kind_of(options, BulkOptions, "options")
    options.check()
    text_of(manifest, "manifest"), text_of(out, "out")
    if options.engine == "ray":
        require_ray()
    folder = model_folder(model)
    loaded = MoodModel.load(folder, "cpu" if options.engine == "ray" else options.device)
    table = Manifest(manifest)
    check_columns(table.columns, loaded)
    target = Folder(out)
    about, missing = claim(target, table, loaded.fingerprint, options.rows_per_part)
    device = "cpu" if options.engine == "ray" and options.device == "auto" else options.device
    work = Work(
        manifest,
        about,
        missing,
        str(folder),
        settings_for(loaded, options.limits),
        device,
        options.jobs,
        options.models,
        options.rows_per_block,
        options.timeout_s,
    )
    writer = _Writer(work, table, target, loaded, on_progress)
    if missing:
        results = ray_results(work, table) if options.engine == "ray" else local_results(work, table, loaded)
        writer.take(results)
    parts = -(-about.rows // about.rows_per_part)
    return BulkReport(
        writer.by_outcome(), about.rows, writer.written, parts - len(missing), loaded.fingerprint
    )


class _Writer:
    """Gathers results, which may come in any order, and writes a part when it has all of its rows."""

    def __init__(
        self,
        work: Work,
        manifest: Manifest,
        out: Folder,
        model: MoodModel,
        on_progress: OnBulkProgress | None,
    ) -> None:
        self._work, self._manifest, self._out, self._on_progress = work, manifest, out, on_progress
        self._about = about_model(model)
        self._gathered: dict[int, list[pa.Table]] = {}
        self._counts: Counter[str] = Counter()
        self._left = set(work.missing)
        self._done = work.about.rows - sum(work.part(number).rows for number in work.missing)
        self.written = 0

    def take(self, results: Iterator[pa.Table]) -> None:
        """Write all parts.

        Raises:
            MoodrecError: rows are missing at the end.
        """
        for table in results:
            for number in sorted({self._work.part_of(row) for row in table[ROW].to_pylist()}):
                self._add(number, table)
            self._counts.update(table["outcome"].to_pylist())
            self._done += table.num_rows
            if self._on_progress is not None:
                self._on_progress(BulkProgress(self._done, self._work.about.rows, self.by_outcome()))
        if self._left:
            raise MoodrecError(f"{len(self._left)} parts are incomplete: run it again to go on")

    def by_outcome(self) -> dict[Outcome, int]:
        return {outcome: self._counts[outcome.value] for outcome in Outcome}

    def _add(self, number: int, table: pa.Table) -> None:
        part = self._work.part(number)
        rows = table[ROW].to_numpy()
        own = table.filter((rows >= part.start) & (rows < part.start + part.rows))
        pieces = self._gathered.setdefault(number, [])
        pieces.append(own)
        if sum(piece.num_rows for piece in pieces) == part.rows:
            results = pa.concat_tables(self._gathered.pop(number)).sort_by(ROW)
            whole_part = part_table(self._manifest.slice(part.start, part.rows), results, self._about)
            content = io.BytesIO()
            pq.write_table(whole_part, content, compression="zstd")
            self._out.write(part.name, content.getvalue())
            self._left.discard(number)
            self.written += 1
