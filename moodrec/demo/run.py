"""The whole demo: it chooses music, analyses it, indexes it, searches, and draws a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from moodrec.catalog.analyze import AnalysisProgress, AnalysisReport, plan_analysis, run_analysis
from moodrec.catalog.plan import AnalysisPlan
from moodrec.catalog.refresh import refresh_index
from moodrec.demo.credits import Credit, read_credits
from moodrec.demo.debian import COPYRIGHT
from moodrec.demo.music import DemoMusic, choose_music
from moodrec.demo.questions import SeedAnswers, ask_questions
from moodrec.demo.sample import find_sample_index
from moodrec.errors import NotFoundError
from moodrec.extras import has_modules
from moodrec.library.library import Library
from moodrec.recommend.recommender import Recommender
from moodrec.schema import TRACK_ID

if TYPE_CHECKING:
    from moodrec.catalog.model import AnalysisModel

PICTURE: Final = "demo.png"
"""File name of the picture."""


class ProgressListener(Protocol):
    """Receives reports on how the demo is going."""

    def note(self, text: str) -> None:
        """Receive a sentence on what is about to happen."""

    def planned(self, plan: AnalysisPlan) -> None:
        """Receive the plan of the analysis before it starts."""

    def analysed(self, progress: AnalysisProgress) -> None:
        """Receive the state of the analysis after each file."""


@dataclass(frozen=True, eq=False)
class DemoReport:
    """What the demo did and found."""

    catalogue: Path
    """Folder of the library, or of the sample index."""
    moods: tuple[str, ...]
    tracks: int
    analysis: AnalysisReport | None
    """The report of the analysis; None where the sample index was used."""
    why_sample: str
    """Why there is no music, if so."""
    credits: tuple[Credit, ...]
    """Credits of the music, if it was fetched."""
    results: tuple[SeedAnswers, ...]
    """The seeds and the answers to their searches."""
    picture: Path | None
    """The picture; None where matplotlib is not installed."""


def run_demo(
    out: Path,
    progress: ProgressListener,
    own_music: Path | None = None,
    model: AnalysisModel | None = None,
    jobs: int | None = None,
    music_home: Path | None = None,
) -> DemoReport:
    """Run the demo into a folder; a second run analyses only what is new.

    Args:
        out: gets the library and the picture.
        progress: receives reports.
        own_music: a folder; without one, Debian's music is fetched, or the sample index used.
        model: by default the packaged one.
        jobs: number of decoding processes.
        music_home: folder of fetched music; by default in the user's cache folder.

    Raises:
        NotFoundError: none of the music can be analysed, or there is neither music nor a sample index.
    """
    music = choose_music(own_music, progress.note, music_home)
    if music.folders:
        # The user's own music gets a library of its own, so that the demo never mixes it with the fetched music.
        catalogue = out / ("library" if music.fetched else "own-library")
        analysis = _analyse(music, catalogue, progress, model, jobs)
    else:
        progress.note(f"no music could be fetched: {music.why_none}")
        catalogue, analysis = find_sample_index(), None
    recommender = Recommender.open(catalogue)
    if not len(recommender.index):
        raise NotFoundError(f"no music that can be analysed in {', '.join(map(str, music.folders))}")
    results = ask_questions(recommender, str(catalogue))
    picture = _draw(recommender, results[-1], out / PICTURE) if has_modules("matplotlib") else None
    return DemoReport(
        catalogue=catalogue,
        moods=recommender.moods,
        tracks=len(recommender.index),
        analysis=analysis,
        why_sample=music.why_none,
        credits=_credits(music),
        results=results,
        picture=picture,
    )


def _analyse(
    music: DemoMusic, library: Path, progress: ProgressListener, model: AnalysisModel | None, jobs: int | None
) -> AnalysisReport:
    with Library.open_or_create(library) as store:
        loaded = model or _packaged_model()
        plan = plan_analysis(music.folders, store, loaded, jobs=jobs)
        progress.planned(plan)
        report = run_analysis(plan, store, loaded, jobs, progress.analysed)
        refresh_index(store)
    return report


def _packaged_model() -> AnalysisModel:
    from moodrec.embedding.mood_model import MoodModel

    return MoodModel.load()


def _credits(music: DemoMusic) -> tuple[Credit, ...]:
    if not music.fetched:
        return ()
    found: list[Credit] = []
    for folder in music.folders:
        names = [path.name for path in folder.rglob("*") if path.is_file() and path.name != COPYRIGHT]
        found += read_credits(folder / COPYRIGHT, names)
    return tuple(dict.fromkeys(found))


def _draw(recommender: Recommender, result: SeedAnswers, out: Path) -> Path:
    """Draw map and moods for a seed and its first answer."""
    from moodrec.plots.search_picture import search_picture

    answer = result.answers[0]
    hits = answer.tracks[TRACK_ID].tolist()
    out.parent.mkdir(parents=True, exist_ok=True)
    search_picture(recommender.index, result.seed.track_id, hits, out, answer.request)
    return out
