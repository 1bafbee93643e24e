"""``moodrec analyze`` analyses the music of some folders into the library, and refreshes the index."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moodrec.cli import words
from moodrec.cli.analysis_text import announce, counted, plan_document, summarise, warn_of
from moodrec.cli.console import Screen
from moodrec.cli.group import EXIT_SOME_FAILED
from moodrec.cli.library import note_migration
from moodrec.cli.options import (
    DeviceOption,
    JobsOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    QuietOption,
    chosen_library,
)
from moodrec.errors import UsageError

if TYPE_CHECKING:
    from moodrec.catalog.analyze import AnalysisProgress, AnalysisReport
    from moodrec.catalog.plan import AnalysisPlan
    from moodrec.embedding.mood_model import MoodModel
    from moodrec.errors import StoreLockedError
    from moodrec.library.library import Library


def analyze(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Folders or files of music.")],
    library: LibraryOption = None,
    model: ModelOption = None,
    device: DeviceOption = "auto",
    jobs: JobsOption = None,
    nice: Annotated[
        int, typer.Option("--nice", min=0, max=19, help="Lower the priority; 19 is the lowest.")
    ] = 0,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, metavar="N", help="Analyse at most N files this time."),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try files again that failed in an earlier run.")
    ] = False,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="GLOB",
            help="Leave out files and folders: 'Podcasts', '*.wav', 'Live/*/Talk'. May be repeated.",
        ),
    ] = None,
    rescan_tags: Annotated[
        bool,
        typer.Option(
            "--rescan-tags", help="Read the tags of all files again, also where size and time are the same."
        ),
    ] = False,
    cue: Annotated[
        bool, typer.Option("--cue", help="Make each track of a CUE sheet an entry, in place of its file.")
    ] = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Then watch the folders until Ctrl-C. pip install 'moodrec[watch]'."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what it would take, and stop.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find the mood of every track in a folder.

    Stop it and start it again as you like: only files without an outcome are decoded. The index is refreshed every
    minute and at the end. Without --model, the library keeps the model that it has. Exit code 6 says that some files
    failed in this run.

    Example: moodrec analyze ~/Music
    """
    from moodrec.catalog.current_model import model_for
    from moodrec.catalog.limits import give_way
    from moodrec.catalog.watch import changes, follow
    from moodrec.embedding.mood_model import MoodModel
    from moodrec.library.library import Library
    from moodrec.library.notes import note_model

    if watch and (dry_run or limit is not None):
        raise UsageError("--watch runs without end: it cannot be combined with --dry-run or --limit")
    screen = Screen(as_json, quiet)
    give_way(nice)
    turns = changes(folders) if watch else None
    place = chosen_library(library)
    folder = model_for(place, model)
    loaded_model = MoodModel.load(folder, device)
    opened = Library.open_or_empty if dry_run else Library.open_or_create
    with opened(place) as store:
        note_migration(screen, store)
        run = _Run(screen, store, loaded_model, folders, jobs, tuple(exclude or ()), cue)
        plan = run.plan(retry_failed, limit, rescan_tags)
        announce(screen, plan)
        if dry_run:
            screen.document(plan_document(plan))
            return
        note_model(store.path, loaded_model.fingerprint, folder)
        report = run.carry_out(plan)
        if turns is not None:
            screen.note("waiting for changes; Ctrl-C ends it")
            with suppress(KeyboardInterrupt):  # this is how watching ends
                follow(run.analyse_changes, turns, run.postpone)
    if report.failures:
        raise typer.Exit(EXIT_SOME_FAILED)


@dataclass(frozen=True)
class _Run:
    """The analyses of one command, which report on its screen."""

    screen: Screen
    store: Library
    loaded_model: MoodModel
    folders: Sequence[Path]
    jobs: int | None
    exclude: tuple[str, ...]
    cue: bool

    def plan(
        self, retry_failed: bool = False, limit: int | None = None, rescan_tags: bool = False
    ) -> AnalysisPlan:
        from moodrec.catalog.plan import plan_analysis

        return plan_analysis(
            self.folders,
            self.store,
            self.loaded_model,
            jobs=self.jobs,
            retry_failed=retry_failed,
            limit=limit,
            exclude=self.exclude,
            rescan_tags=rescan_tags,
            cue=self.cue,
        )

    def carry_out(self, plan: AnalysisPlan) -> AnalysisReport:
        from moodrec.catalog.analyze import run_analysis
        from moodrec.catalog.refresh import refresh_index

        told = False
        with self.screen.progress("analysing") as advance:

            def report_progress(progress: AnalysisProgress) -> None:
                advance(progress.done, progress.total, counted(progress.counts), progress.seconds_left)
                warn_of(self.screen, progress.last)
                nonlocal told
                if progress.searchable and not told:
                    told = True
                    self.screen.note(
                        f"{words.plural(progress.searchable, 'track')} can be searched by now, and more every minute"
                    )

            report = run_analysis(plan, self.store, self.loaded_model, self.jobs, report_progress)
        summarise(self.screen, self.store, report, len(refresh_index(self.store)))
        return report

    def analyse_changes(self) -> None:
        """Analyse what has changed since the last scan; nothing is printed if nothing has."""
        plan = self.plan()
        if plan.files or plan.gone or plan.returned:
            announce(self.screen, plan)
            self.carry_out(plan)

    def postpone(self, busy: StoreLockedError) -> None:
        self.screen.warn(f"{busy}; the changes are analysed as soon as that is done")
