"""Manifests are embedded by Ray Data: CPU actors decode files, and actors of their own hold the model."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from moodrec.audio.probe import Tags
from moodrec.bulk.decoding import Decoder
from moodrec.bulk.manifest import Manifest
from moodrec.bulk.outcomes import ROW, analysed, result_table, windows_bytes
from moodrec.bulk.plan import Work
from moodrec.catalog.decode_pool import DecodeFailure
from moodrec.catalog.decoding import DecodedFile
from moodrec.errors import MissingExtraError
from moodrec.extras import has_modules
from moodrec.schema import PATH

if TYPE_CHECKING:
    from moodrec.embedding.mood_model import MoodModel

EXTRA: Final = "ray"
_WAVE_ROWS: Final = 1_000_000
"""Rows whose paths the driver holds at a time; between two waves the actors wait for the last few files."""
_BLOCKS_EACH: Final = 8
_MOST_ROWS: Final = 500
_ROWS_SENT: Final = 8
"""Decoded tracks that travel together: 30 MB of the default model's windows."""
_DECODED: Final = pa.schema(
    [
        pa.field(ROW, pa.int64()),
        pa.field("windows", pa.large_binary()),
        pa.field("about", pa.string()),
    ]
)
"""What travels between the actors: the windows' samples, and everything else as JSON."""


def require_ray() -> None:
    """Refuse to go on without Ray.

    Raises:
        MissingExtraError: it is not installed.
    """
    if not has_modules("ray"):
        raise MissingExtraError("embedding on a Ray cluster", EXTRA)


def ray_results(work: Work, manifest: Manifest) -> Iterator[pa.Table]:
    """Embed the rows of all missing parts on a Ray cluster, and give tables of results as they come.

    Ray is started on this machine unless it runs already or ``RAY_ADDRESS`` names a cluster, whose machines have
    moodrec installed and open the same addresses. An actor that dies is replaced, and its block of rows repeated.

    Args:
        work: what is to be done.
        manifest: the manifest.

    Raises:
        MissingExtraError: Ray is not installed.
    """
    require_ray()
    import ray

    if not ray.is_initialized():
        ray.init(log_to_driver=False, include_dashboard=False)
    for wave in waves(work.missing, max(1, _WAVE_ROWS // work.about.rows_per_part)):
        yield from _wave(work, manifest, wave, ray.cluster_resources().get("CPU", 1.0))


def waves(parts: Sequence[int], most: int) -> Iterator[Sequence[int]]:
    """Split the missing parts into runs of a bounded number, so that the driver holds the paths of one run only."""
    for start in range(0, len(parts), most):
        yield parts[start : start + most]


def _wave(work: Work, manifest: Manifest, parts: Sequence[int], cores: float) -> Iterator[pa.Table]:
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False
    decoders, models = _actors(work, cores)
    share = min(1.0, int(100 * cores / (decoders + models)) / 100)
    gpu = {"num_gpus": 1} if work.device == "cuda" else {"num_cpus": share}
    blocks = list(row_blocks(work, manifest, parts, decoders))
    decoded = ray.data.from_items(blocks, override_num_blocks=len(blocks)).map_batches(
        DecodeActor,
        fn_constructor_args=(work,),
        batch_size=None,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=decoders),
        num_cpus=share,
    )
    results = decoded.map_batches(
        EmbedActor,
        fn_constructor_args=(work,),
        batch_size=None,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=models),
        **gpu,
    )
    yield from results.iter_batches(batch_size=None, batch_format="pyarrow")


def _actors(work: Work, cores: float) -> tuple[int, int]:
    """Choose the numbers of decoding actors and of models: half the cores each, where nothing is said."""
    models = work.models or (1 if work.device == "cuda" else max(1, int(cores) // 2))
    return work.jobs or max(1, int(cores) - models), models


def row_blocks(
    work: Work, manifest: Manifest, parts: Sequence[int], decoders: int
) -> Iterator[dict[str, list[Any]]]:
    """Split rows into blocks, each of which one decoding actor takes at a time.

    The number of rows is set here: left to itself, Ray would join the rows of a small manifest into one block.

    Args:
        work: what is to be done.
        manifest: the manifest.
        parts: numbers of the parts whose rows are meant.
        decoders: the number of decoding actors; each gets several blocks, so that all end at about the same time.
    """
    ranges = [work.part(number) for number in parts]
    fair = sum(part.rows for part in ranges) // (_BLOCKS_EACH * decoders)
    size = work.rows_per_block or min(max(1, fair), _MOST_ROWS)
    for part in ranges:
        paths = manifest.slice(part.start, part.rows)[PATH].to_pylist()
        for start in range(0, part.rows, size):
            own = paths[start : start + size]
            first = part.start + start
            yield {"rows": list(range(first, first + len(own))), "paths": own}


class DecodeActor:
    """Decodes blocks of rows, in a process of its own for each file's decoder."""

    def __init__(self, work: Work) -> None:
        """Start the decoder."""
        self._decoder = Decoder(work.settings, 1, work.timeout_s)

    def __call__(self, batch: pa.Table) -> Iterator[pa.Table]:
        """Decode the rows of some blocks, and give a few at a time, because windows are large."""
        for block in batch.to_pylist():
            for start in range(0, len(block["rows"]), _ROWS_SENT):
                few = slice(start, start + _ROWS_SENT)
                yield self._decode(block["rows"][few], block["paths"][few])

    def _decode(self, rows: list[int], paths: list[str | None]) -> pa.Table:
        decoded = [self._decoder.decode(path) for path in paths]
        columns = {
            ROW: rows,
            "windows": [windows_bytes(one) if isinstance(one, DecodedFile) else None for one in decoded],
            "about": [_to_json(one) for one in decoded],
        }
        return pa.table(columns, _DECODED)


class EmbedActor:
    """Holds the model and embeds blocks of decoded rows."""

    def __init__(self, work: Work) -> None:
        """Load the model, which runs in one thread: there are as many actors as cores should work on it."""
        os.environ["OMP_NUM_THREADS"] = "1"
        from moodrec.embedding.mood_model import MoodModel

        self._model: MoodModel = MoodModel.load(work.model, work.device)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Embed the rows of a block."""
        results = [
            analysed(
                row["row"], _from_json(row["about"], row["windows"], self._model.window_samples), self._model
            )
            for row in batch.to_pylist()
        ]
        return result_table(results, self._model)


def _to_json(decoded: DecodedFile | DecodeFailure) -> str:
    if isinstance(decoded, DecodeFailure):
        return json.dumps({"failure": asdict(decoded)})
    about: dict[str, Any] = {
        "audio_fingerprint": decoded.audio_fingerprint,
        "tags": asdict(decoded.tags),
        "duration_s": decoded.duration_s,
        "read_s": decoded.read_s,
        "cause": decoded.cause,
    }
    return json.dumps(about)


def _from_json(text: str, windows: bytes | None, window_samples: int) -> DecodedFile | DecodeFailure:
    about = json.loads(text)
    if windows is None:
        return DecodeFailure(**about["failure"])
    tags: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in about.pop("tags").items()
    }
    samples = np.frombuffer(windows, "<f4").reshape(-1, window_samples)
    return DecodedFile(windows=samples, tags=Tags(**tags), **about)
