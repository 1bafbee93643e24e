"""The report is written from result files alone, and says what they say."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.multitask import page as multitask_page
from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.evaluation.experiment.compare import contrast, sample
from moodrec.evaluation.experiment.grid import GridOptions, run_plan
from moodrec.evaluation.experiment.report.report import write_report
from moodrec.evaluation.experiment.results import Cell, read_results
from moodrec.plots.differences import draw_differences
from tests.evaluation.experiment.made_up import write_plan

ABLATION = """
[[arm]]
name = "artist"
only_datasets = ["songs"]
only_folds = [0]
[arm.recipe.tasks]
album.weight = 0
"""

Render = Callable[..., str]


@pytest.fixture
def render(tmp_path: Path) -> Render:
    """Writes the report of a copy of a folder; the report's text."""

    def page(folder: Path) -> str:
        out = tmp_path / "page"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(folder, out)
        written = write_report(out, 50, draw_differences)
        assert written is not None
        return written.path.read_text()

    return page


@pytest.fixture(scope="module")
def folds(datasets: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folds of ``songs`` with an ablation."""
    out = tmp_path_factory.mktemp("folds")
    changes = {"fold = 0": "folds = [0, 1]", '"tiny"': '"folds"'}
    plan = write_plan(datasets, "folds", changes, more=ABLATION)
    run_plan(plan, out, GridOptions(only="songs/*", cache_folder=cache), lambda event: None)
    return out


def section(page: str, title: str) -> str:
    return re.split(r"^## ", page.partition(f"## {title}\n")[2], flags=re.MULTILINE)[0]


def test_the_main_table_is_recomputed_from_predictions(results: Path, render: Render, tmp_path: Path) -> None:
    page = render(results)
    found = read_results(results)
    arms = [
        {
            seed: sample(run.predictions(), 50)
            for seed, run in found.first_fold(Cell("songs", "fcn", arm)).items()
        }
        for arm in ("mood", "metadata")
    ]
    one = contrast(arms[0], arms[1], "ap")
    row = next(line for line in section(page, "Average precision").splitlines() if "| songs | fcn |" in line)
    assert f"| {one.baseline:.3f} | {one.candidate:.3f} |" in row
    interval = one.difference.interval
    assert f"{one.difference.estimate:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]" in row
    assert ("**" in row) == one.excludes_zero
    assert (tmp_path / "page" / "difference.png").stat().st_size > 1000


def test_every_table_says_whether_zero_is_excluded(results: Path, folds: Path, render: Render) -> None:
    page = render(folds)
    for title in ("Average precision", "All folds", "Every arm"):
        assert page.count(f"## {title}\n") == 1
        assert "includes zero in" in section(page, title)
    page = render(results)
    assert page.count("Intervals of the mean that exclude zero:") == 2
    assert "cores, 1 thread(s) a run" in section(page, "Set-up")
    assert "seeds 0, 1;" in section(page, "Set-up")


def test_the_page_opens_with_what_it_shows(results: Path, folds: Path, render: Render) -> None:
    page = render(folds)
    short = section(page, "In short")
    row = next(line for line in section(page, "Average precision").splitlines() if "| songs | fcn |" in line)
    difference = row.split("|")[5].strip()
    assert f"(dataset x backbone): {difference};" in short
    assert "aim" not in short, "a plan of one's own has none that is known here"
    assert "The highest is artist on songs with fcn" in short
    assert "**On all folds**" in short
    assert "not trained yet**: felt with fcn, mood: " in short
    whole = section(render(results), "In short")
    assert "**Other arms**" not in whole, "there are none"
    assert "not trained yet" not in whole


def test_intervals_are_counted(folds: Path, render: Render) -> None:
    page = render(folds)
    tables = page.partition("## Average precision\n")[2]
    count = len(re.findall(r"\[[+-][\d.]+, [+-][\d.]+\]", tables))
    assert f"There are {count} of them on this page" in re.sub(r"\s+", " ", section(page, "Intervals"))


def test_our_page_has_our_words_and_a_report_has_not(folds: Path, render: Render, tmp_path: Path) -> None:
    assert "Emotify" not in render(folds)
    multitask_page.render([read_results(folds)], tmp_path / "ours", 50)
    ours = (tmp_path / "ours" / "multitask.md").read_text()
    assert "Emotify" in ours
    assert "**It is not reached.**" in section(ours, "In short")
    assert (tmp_path / "ours" / "folds-difference.png").stat().st_size > 1000


def test_the_data_are_those_of_the_plan(results: Path, folds: Path, render: Render) -> None:
    text = section(render(results), "Data")
    assert "| songs | table songs.csv | folds 0 of 5 | 6 | 2 | 24 | 0 to " in text
    assert "| felt | table felt.csv | its split test | 8 | 4 |" in text
    stored = read_results(results).first_fold(Cell("songs", "fcn", "mood"))[0].predictions()
    for place, target in enumerate(stored.targets.tolist()):
        labels = stored.labels[:, place]
        assert f"| {target} | {int((labels == 1).sum())} | 6 | {labels.mean():.3f} |" in text
    both = section(render(folds), "Data")
    assert "| folds 0, 1 of 5 | 12 | 4 |" in both, "each tested track once"


def test_the_settings_are_those_of_the_plan(results: Path, render: Render) -> None:
    text = section(render(results), "Settings")
    assert "tasks.artist.weight = 0; tasks.album.weight = 0" in text
    assert "training.metadata_batch_size = 4" in text
    assert "Baseline: mood." in text
    assert "metadata: table songs.csv, table felt.csv, table lent.csv" in text


def test_a_report_without_pictures_and_of_one_arm(folds: Path, tmp_path: Path) -> None:
    out = tmp_path / "mood"
    shutil.copytree(folds, out, ignore=shutil.ignore_patterns("metadata", "artist"))
    written = write_report(out, 20)
    assert written is not None
    assert written.compared == ()
    text = written.path.read_text()
    assert "## Average precision" not in text
    assert ".png" not in text
    assert "| songs | fcn | mood | 6 |" in section(text, "Figures of every arm")


def test_all_folds_are_pooled(folds: Path, render: Render) -> None:
    page = render(folds)
    found = read_results(folds)
    stored = found.all_folds(Cell("songs", "fcn", "mood"))[0]
    assert len(stored) == 12
    assert set(stored.folds) == {0, 1}
    text = section(page, "All folds")
    assert "| songs | fcn | AP |" in text
    rows = [line for line in text.splitlines() if "| songs | fcn | AP |" in line]
    seeds = [sample(one, 5).plain["ap"] for one in found.all_folds(Cell("songs", "fcn", "mood")).values()]
    assert f"| {sum(seeds) / len(seeds):.3f} |" in rows[0]


def test_ablations_have_their_own_table(folds: Path, render: Render, tmp_path: Path) -> None:
    text = section(render(folds), "Every arm")
    assert "| songs | fcn | artist |" in text
    assert "| songs | fcn | metadata |" in text, "beside the candidate"
    assert "Of 1 differences" in text
    assert "### songs, other figures" in text
    assert "| fcn | artist |" in text
    assert (tmp_path / "page" / "arms.png").exists()


def test_every_trained_model_has_its_embedding_and_cost(results: Path, render: Render) -> None:
    page = render(results)
    for title in ("Embeddings", "Networks and cost"):
        text = section(page, title)
        assert text.count("| fcn | mood |") == 2
        assert text.count("| fcn | metadata |") == 2
    assert "hubness" in section(page, "Embeddings")
    assert "| 24 + 28 | 6 | 3 |" in section(page, "Networks and cost")


def test_selection_shows_validation_figures_alone(
    datasets: Path, cache: Path, tmp_path: Path, render: Render
) -> None:
    plan = write_plan(datasets, changes={'name = "tiny"': 'name = "tiny"\nphase = "select"'})
    options = GridOptions(only="songs/*/seed-0*", cache_folder=cache)
    run_plan(plan, tmp_path / "select", options, lambda event: None)
    page = render(tmp_path / "select")
    assert "validation tracks" in section(page, "Figures of every arm")
    multitask_page.render([read_results(tmp_path / "select")], tmp_path / "ours", 50)
    ours = (tmp_path / "ours" / "multitask.md").read_text()
    assert "| songs | fcn | mood | 6 | AP" in section(ours, "Choosing hyperparameters (tiny)")
    assert "## Average precision" not in ours


def test_without_results_it_says_what_to_do(results: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"holds no plan\.toml"):
        write_report(tmp_path)
    out = shutil.copytree(results, tmp_path / "damaged")
    next(iter(sorted(out.rglob("*.npz")))).write_bytes(b"PK")
    with pytest.raises(CorruptStoreError, match="run again"):
        write_report(out, 50)
