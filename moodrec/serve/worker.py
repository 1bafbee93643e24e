"""The process in which a server's analyses run: a network and its memory stay out of the server.

It reads one request a line from its input, as JSON, and writes one JSON object a line: progress, then the end. The
server may interrupt or kill it at any time; what the library has acknowledged is kept.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from moodrec.errors import AudioError, MoodrecError, SilentAudioError
from moodrec.files.disk import explained

if TYPE_CHECKING:
    from moodrec.catalog.analyze import AnalysisProgress
    from moodrec.embedding.mood_model import MoodModel

_TAGS: Final = ("title", "artist", "album")
Say = Callable[[Mapping[str, Any]], None]


def main() -> None:
    """Serve requests until the input ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # nothing that a library prints may get between the answers

    def say(answer: Mapping[str, Any]) -> None:
        out.write(json.dumps(answer) + "\n")
        out.flush()

    models: dict[str | None, MoodModel] = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            model = _model(models, _model_folder(request))
            if "file" in request:
                _analyse_file(Path(request["file"]), model, say)
            else:
                _analyse_folders(request, model, say)
        except MoodrecError as error:
            say({"error": type(error).__name__, "message": str(error)})
        except OSError as error:
            fault = explained(error)
            say({"error": type(fault).__name__, "message": str(fault)})
        except KeyboardInterrupt:
            say({"stopped": True})


def _model_folder(request: Mapping[str, Any]) -> str | None:
    """The folder of the model that the server was started with, else that of the library's model."""
    from moodrec.catalog.current_model import model_for

    named = request.get("model")
    folder = model_for(Path(request["library"]), None if named is None else Path(named))
    return None if folder is None else str(folder)


def _model(models: dict[str | None, MoodModel], folder: str | None) -> MoodModel:
    from moodrec.embedding.mood_model import MoodModel

    if folder not in models:
        models[folder] = MoodModel.load(folder)
    return models[folder]


def _analyse_folders(request: Mapping[str, Any], model: MoodModel, say: Say) -> None:
    from moodrec.catalog.analyze import run_analysis
    from moodrec.catalog.plan import plan_analysis
    from moodrec.catalog.refresh import refresh_index
    from moodrec.library.library import Library
    from moodrec.library.notes import note_model

    def tell(progress: AnalysisProgress) -> None:
        last = progress.last
        counts = {outcome.value: count for outcome, count in progress.counts.items()}
        name = last.state.path.name.encode("utf-8", "backslashreplace").decode()
        say({"done": progress.done, "total": progress.total, "counts": counts, "last": name})

    with Library.open_or_create(request["library"]) as library:
        try:
            plan = plan_analysis(request["folders"], library, model, retry_failed=request["retry_failed"])
            say({"done": 0, "total": len(plan.files), "counts": {}, "last": None})
            folder = _model_folder(request)
            note_model(library.path, model.fingerprint, None if folder is None else Path(folder))
            report = run_analysis(plan, library, model, on_progress=tell)
        finally:
            # An interrupted run has acknowledged tracks too, and they shall be found.
            if library.models() and library.model().tracks:
                refresh_index(library)
        say({"end": {outcome.value: count for outcome, count in report.counts.items()}})


def _analyse_file(path: Path, model: MoodModel, say: Say) -> None:
    from moodrec.catalog.decode_pool import DecodeFailure, DecodePool
    from moodrec.catalog.model import settings_for
    from moodrec.library.records import FileState

    found = path.stat()
    state = FileState(path, found.st_size, found.st_mtime_ns)
    with DecodePool(settings_for(model), 1, timeout_s=120.0) as pool:
        decoded = next(pool.decode([state])).decoded
    if isinstance(decoded, DecodeFailure):
        if decoded.reason == "silent":
            raise SilentAudioError
        raise AudioError(decoded.message, decoded.reason)
    track = model.analyze_windows(decoded.windows)
    say(
        {
            "fingerprint": model.fingerprint,
            "embedding": [round(float(value), 7) for value in track.embedding],
            "moods": _by_name(model, track.mood_scores.tolist()),
            "probabilities": _by_name(model, track.probabilities.tolist()),
            "seconds": decoded.duration_s,
            "tags": {name: value for name in _TAGS if (value := getattr(decoded.tags, name))},
        }
    )


def _by_name(model: MoodModel, values: list[float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in zip(model.moods, values, strict=True)}


if __name__ == "__main__":
    main()
