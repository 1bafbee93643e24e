"""The whole demo: choose music, analyse it, index it, ask, draw."""

from __future__ import annotations

from collections.abc import Sequence
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
from moodrec.library.library import Library
from moodrec.recommend.recommender import Recommender
from moodrec.schema import PATH, TITLE, TRACK_ID

if TYPE_CHECKING:
    import pandas as pd

    from moodrec.catalog.model import AnalysisModel

PICTURE: Final = "demo.png"
_PLOTTED_MOODS: Final = 12


class ProgressListener(Protocol):
    """Who is told how the demo goes."""

    def note(self, text: str) -> None:
        """Something is about to happen."""

    def planned(self, plan: AnalysisPlan) -> None:
        """What the analysis will take."""

    def analysed(self, progress: AnalysisProgress) -> None:
        """A file is done."""


@dataclass(frozen=True, eq=False)
class DemoReport:
    """What the demo did and found."""

    catalogue: Path
    """The library, or the sample index."""
    moods: tuple[str, ...]
    tracks: int
    analysis: AnalysisReport | None
    """None where the sample index was used."""
    why_sample: str
    """Why there is no music, if so."""
    credits: tuple[Credit, ...]
    """Whose music it is, if it was fetched."""
    results: tuple[SeedAnswers, ...]
    picture: Path


def run_demo(
    out: Path,
    progress: ProgressListener,
    own_music: Path | None = None,
    model: AnalysisModel | None = None,
    jobs: int | None = None,
    music_home: Path | None = None,
) -> DemoReport:
    """Run the demo into the folder ``out``; a second run analyses only what is new.

    Args:
        out: gets the library and the picture.
        progress: is told how it goes.
        own_music: a folder; without one, Debian's music is fetched, or the sample index taken.
        model: by default the one in the package.
        jobs: decoding processes.
        music_home: where fetched music stays; by default the user's cache folder.

    Raises:
        NotFoundError: none of the music can be heard, or there is neither music nor a sample index.
    """
    music = choose_music(own_music, progress.note, music_home)
    if music.folders:
        # One's own music has a library apart, so that the demo never mixes it with the fetched.
        catalogue = out / ("library" if music.fetched else "own-library")
        analysis = _analyse(music, catalogue, progress, model, jobs)
    else:
        progress.note(f"no music could be fetched: {music.why_none}")
        catalogue, analysis = find_sample_index(), None
    recommender = Recommender.open(catalogue)
    if not len(recommender.index):
        raise NotFoundError(f"no music to hear in {', '.join(map(str, music.folders))}")
    results = ask_questions(recommender, str(catalogue))
    out.mkdir(parents=True, exist_ok=True)
    _draw(recommender, results[-1], out / PICTURE)
    return DemoReport(
        catalogue=catalogue,
        moods=recommender.moods,
        tracks=len(recommender.index),
        analysis=analysis,
        why_sample=music.why_none,
        credits=_credits(music),
        results=results,
        picture=out / PICTURE,
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


def _draw(recommender: Recommender, result: SeedAnswers, out: Path) -> None:
    """Map and moods for the last seed and its first answer."""
    from moodrec.plots.demo_picture import demo_picture

    index = recommender.index
    row = {track_id: row for row, track_id in enumerate(index.track_ids)}
    answer = result.answers[0]
    demo_picture(
        index.vectors(index.track_ids),
        with_names(recommender.frame),
        plotted_moods(recommender.moods),
        row[result.seed.track_id],
        [row[track_id] for track_id in answer.tracks[TRACK_ID]],
        out,
        condition=answer.request,
    )


def plotted_moods(moods: Sequence[str]) -> list[str]:
    """The moods of a picture: those that the colours do not say already, as many as can be read."""
    return [mood for mood in moods if mood not in ("valence", "arousal")][:_PLOTTED_MOODS]


def with_names(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the name of the file as the title where there is none."""
    if TITLE not in frame or PATH not in frame:
        return frame
    stems = frame[PATH].map(lambda path: Path(path).stem if isinstance(path, str) else None)
    return frame.assign(**{TITLE: frame[TITLE].where(frame[TITLE].notna(), stems)})
