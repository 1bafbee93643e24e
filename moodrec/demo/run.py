"""The whole demo: choose music, analyse it, index it, ask, draw."""

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
from moodrec.demo.questions import Story, tell_stories
from moodrec.demo.sample import find_sample_index
from moodrec.errors import NotFoundError
from moodrec.library.library import Library
from moodrec.recommend.recommender import Recommender
from moodrec.schema import TRACK_ID

if TYPE_CHECKING:
    from moodrec.catalog.model import ListeningModel

PICTURE: Final = "demo.png"


class Watcher(Protocol):
    """Who is told how the demo goes."""

    def note(self, text: str) -> None:
        """Something is about to happen."""

    def planned(self, plan: AnalysisPlan) -> None:
        """What the analysis will take."""

    def heard(self, progress: AnalysisProgress) -> None:
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
    stories: tuple[Story, ...]
    picture: Path


def run_demo(
    out: Path,
    watcher: Watcher,
    own_music: Path | None = None,
    model: ListeningModel | None = None,
    jobs: int | None = None,
    music_home: Path | None = None,
) -> DemoReport:
    """Run the demo into the folder ``out``; a second run analyses only what is new.

    Args:
        out: gets the library and the picture.
        watcher: is told how it goes.
        own_music: a folder; without one, Debian's music is fetched, or the sample index taken.
        model: by default the one in the package.
        jobs: decoding processes.
        music_home: where fetched music stays; by default the user's cache folder.

    Raises:
        NotFoundError: none of the music can be heard, or there is neither music nor a sample index.
    """
    music = choose_music(own_music, watcher.note, music_home)
    if music.folders:
        # One's own music has a library apart, so that the demo never mixes it with the fetched.
        catalogue = out / ("library" if music.fetched else "own-library")
        analysis = _analyse(music, catalogue, watcher, model, jobs)
    else:
        watcher.note(f"no music could be fetched: {music.why_none}")
        catalogue, analysis = find_sample_index(), None
    recommender = Recommender.open(catalogue)
    if not len(recommender.index):
        raise NotFoundError(f"no music to hear in {', '.join(map(str, music.folders))}")
    stories = tell_stories(recommender, str(catalogue))
    out.mkdir(parents=True, exist_ok=True)
    _draw(recommender, stories[-1], out / PICTURE)
    return DemoReport(
        catalogue=catalogue,
        moods=recommender.moods,
        tracks=len(recommender.index),
        analysis=analysis,
        why_sample=music.why_none,
        credits=_credits(music),
        stories=stories,
        picture=out / PICTURE,
    )


def _analyse(
    music: DemoMusic, library: Path, watcher: Watcher, model: ListeningModel | None, jobs: int | None
) -> AnalysisReport:
    with Library.open_or_create(library) as store:
        hearing = model or _packaged_model()
        plan = plan_analysis(music.folders, store, hearing, jobs=jobs)
        watcher.planned(plan)
        report = run_analysis(plan, store, hearing, jobs, watcher.heard)
        refresh_index(store)
    return report


def _packaged_model() -> ListeningModel:
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


def _draw(recommender: Recommender, story: Story, out: Path) -> None:
    """Map and moods for the last seed and its first answer."""
    from moodrec.plots.search_picture import search_picture

    answer = story.answers[0]
    hits = answer.tracks[TRACK_ID].tolist()
    search_picture(recommender.index, story.seed.track_id, hits, out, answer.wish)
