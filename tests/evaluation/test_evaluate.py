"""Evaluation: the figures of the metrics, soft labels by the documented rule, reports that say what was done."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import average_precision_score, roc_auc_score

from moodrec.data.labels import LabelTable
from moodrec.errors import DataError, UsageError
from moodrec.evaluation.binary import binary_labels
from moodrec.evaluation.evaluate import BootstrapOptions, evaluate
from moodrec.evaluation.matrices import load_array
from moodrec.evaluation.predictions import Predictions
from moodrec.evaluation.scored import scored_arrays, scored_table

QUICK = BootstrapOptions(n_resamples=100)
N = 90


def soft_table() -> LabelTable:
    """Ninety tracks of thirty artists: a soft target, a 0/1 target with gaps, and one that nobody has."""
    rng = np.random.default_rng(0)
    artists = [f"A{i // 3}" for i in range(N)]
    hard = (rng.random(N) < 0.4).astype(np.float32)
    hard[::10] = np.nan
    targets = {
        "set:soft": rng.random(N).astype(np.float32),
        "set:hard": hard,
        "set:never": np.zeros(N, np.float32),
    }
    columns = {
        "track_id": [str(i) for i in range(N)],
        "artist": artists,
        "group": artists,
        "split": ["train"] * 60 + ["test"] * 30,
    }
    return LabelTable.build("set", columns, targets)


def noisy(table: LabelTable, noise: float = 0.3, prefix: str = "") -> Predictions:
    rng = np.random.default_rng(1)
    truth = np.nan_to_num(table.targets.to_numpy())
    scores = (truth + noise * rng.normal(size=truth.shape)).astype(np.float32)
    ids = tuple(prefix + track_id for track_id in table.tracks["track_id"])
    return Predictions(ids, tuple(map(str, table.targets.columns)), scores)


class TestBinaryLabels:
    def test_threshold_comes_from_the_training_split_alone(self) -> None:
        table = soft_table()
        soft = table.targets["set:soft"].to_numpy(np.float64)
        threshold = np.quantile(soft[:60], 2 / 3)
        found = binary_labels(table)
        np.testing.assert_array_equal(found.labels[:, 0], soft > threshold)
        assert found.labels[:60, 0].sum() == 20
        assert found.soft.tolist() == [True, False, False]
        assert found.note == "soft labels are positive in the top third of the training split (1 of 3 tags)"

    def test_hard_and_unknown_labels_stay(self) -> None:
        table = soft_table()
        np.testing.assert_array_equal(binary_labels(table).labels[:, 1], table.targets["set:hard"])

    def test_an_emotion_that_most_never_felt_has_few_positives(self) -> None:
        shares = np.array([0.0] * 9 + [0.2], np.float32)
        table = LabelTable.build("x", {"track_id": list("abcdefghij")}, {"x:m": shares})
        assert binary_labels(table).labels[:, 0].tolist() == [0.0] * 9 + [1.0]
        assert "of all tracks" in binary_labels(table).note

    def test_needs_targets(self) -> None:
        with pytest.raises(DataError, match="no mood labels"):
            binary_labels(LabelTable.build("x", {"track_id": ["a"]}, {}))


class TestTable:
    def test_figures_are_those_of_scikit_learn(self) -> None:
        table = soft_table()
        predictions = noisy(table)
        report = evaluate(scored_table(table, predictions, "test"), QUICK)
        labels, scores = binary_labels(table).labels[60:], predictions.scores[60:].astype(np.float64)
        for column, tag in enumerate(report.tags):
            known = ~np.isnan(labels[:, column])
            truth, guess = labels[known, column], scores[known, column]
            assert tag.ap.value == pytest.approx(average_precision_score(truth, guess), abs=1e-9)
            assert tag.roc_auc.value == pytest.approx(roc_auc_score(truth, guess), abs=1e-9)
            assert (tag.n, tag.positives) == (known.sum(), truth.sum())
            assert tag.prevalence == truth.mean()
            assert tag.prevalence <= tag.chance_ap < tag.ap.low <= tag.ap.value <= tag.ap.high <= 1
        assert report.macro_ap.value == pytest.approx(np.mean([tag.ap.value for tag in report.tags]))
        assert (report.n_tracks, report.split, report.skipped) == (30, "test", ("set:never",))

    def test_correlation_of_soft_labels(self) -> None:
        table = soft_table()
        predictions = noisy(table)
        report = evaluate(scored_table(table, predictions), QUICK)
        soft, hard = report.tags
        expected = pearsonr(table.targets["set:soft"], predictions.scores[:, 0]).statistic
        assert soft.pearson is not None
        assert soft.pearson.value == pytest.approx(expected, abs=1e-6)
        assert soft.pearson.low < expected < soft.pearson.high
        assert hard.pearson is None
        assert report.mean_pearson is not None
        assert report.mean_pearson.value == soft.pearson.value

    def test_names_of_targets_may_lack_that_of_the_dataset(self) -> None:
        table = soft_table()
        named = noisy(table)
        bare = replace(named, targets=tuple(name.partition(":")[2] for name in named.targets))
        whole = scored_table(table, named)
        assert scored_table(table, bare).tags == whole.tags
        np.testing.assert_array_equal(scored_table(table, bare).scores, whole.scores)
        both = replace(named, targets=("set:soft", "soft", "never"))
        assert scored_table(table, both).tags == ("set:soft", "set:never")
        assert scored_table(table, both).note.endswith("; without predictions: set:hard")

    def test_targets_are_found_by_the_names_that_moods_are_published_by(self) -> None:
        table = soft_table()
        named = noisy(table)
        titled = {f"set:{name}": f"set:{name.title()} Mood" for name in ("soft", "never")}
        spelt = replace(table, targets=table.targets.rename(columns=titled))
        found = scored_table(spelt, replace(named, targets=("soft_mood", "x", "never_mood")))
        assert found.tags == ("set:Soft Mood", "set:Never Mood")
        np.testing.assert_array_equal(found.scores, named.scores[:, [0, 2]])
        unclear = replace(named, targets=("soft_mood", "Soft mood", "never_mood"))
        assert scored_table(spelt, unclear).tags == ("set:Never Mood",)

    def test_tracks_and_targets_without_scores_are_left_out(self) -> None:
        table = soft_table()
        named = noisy(table)
        scores = named.scores.copy()
        scores[3, 0] = scores[70, 2] = np.nan
        scores[:, 1] = np.nan
        scores[5, 0] = -np.inf
        found = scored_table(table, replace(named, scores=scores))
        kept = np.delete(np.arange(len(table)), [3, 70])
        assert found.tags == ("set:soft", "set:never")
        assert found.n_missing == 2
        np.testing.assert_array_equal(found.labels, binary_labels(table).labels[kept][:, [0, 2]])
        assert found.scores[4, 0] == found.scores[:, 0].min()
        assert np.isfinite(found.scores).all()
        with pytest.raises(DataError, match="has a prediction of each target"):
            scored_table(table, replace(named, scores=np.full_like(scores, np.nan)))

    def test_predictions_of_a_mix_are_matched_by_prefix(self) -> None:
        table = soft_table()
        plain = evaluate(scored_table(table, noisy(table)), QUICK)
        assert evaluate(scored_table(table, noisy(table, prefix="set/")), QUICK) == plain

    def test_order_of_predictions_does_not_matter(self) -> None:
        table = soft_table()
        one = noisy(table)
        turned = Predictions(one.track_ids[::-1], one.targets[::-1], one.scores[::-1, ::-1])
        assert evaluate(scored_table(table, turned), QUICK) == evaluate(scored_table(table, one), QUICK)

    def test_missing_predictions_are_counted(self) -> None:
        table = soft_table()
        one = noisy(table)
        part = Predictions(one.track_ids[:80], one.targets, one.scores[:80])
        report = evaluate(scored_table(table, part, "test"), QUICK)
        assert (report.n_tracks, report.n_without_prediction) == (20, 10)

    def test_whole_artists_are_resampled(self) -> None:
        table = soft_table()
        report = evaluate(scored_table(table, noisy(table)), QUICK)
        assert "groups of tracks (artists), 100 resamples, seed 0" in report.intervals

    def test_nothing_in_common(self) -> None:
        table = soft_table()
        one = noisy(table)
        with pytest.raises(DataError, match="share no targets; predicted are other:x, labelled are set:soft"):
            scored_table(table, Predictions(one.track_ids, ("other:x",), one.scores[:, :1]))
        with pytest.raises(DataError, match="share no track ids"):
            scored_table(table, Predictions(("q",), one.targets, one.scores[:1]))
        with pytest.raises(DataError, match="no track of split 'val'"):
            scored_table(table, one, "val")
        with pytest.raises(UsageError, match="split must be one of train, val, test"):
            scored_table(table, one, "dev")


class TestReport:
    def test_json(self) -> None:
        table = soft_table()
        report = evaluate(scored_table(table, noisy(table)), QUICK)
        found = json.loads(report.to_json())
        assert found["macro_ap"] == {
            "value": report.macro_ap.value,
            "low": report.macro_ap.low,
            "high": report.macro_ap.high,
        }
        assert [tag["tag"] for tag in found["tags"]] == ["set:soft", "set:hard"]
        assert found["skipped"] == ["set:never"]

    def test_table_ends_with_the_macro_row(self) -> None:
        table = soft_table()
        rows = evaluate(scored_table(table, noisy(table)), QUICK).to_table()
        assert [row["tag"] for row in rows] == ["set:soft", "set:hard", "macro"]
        assert len({tuple(row) for row in rows}) == 1
        assert rows[-1]["ap"] == pytest.approx((rows[0]["ap"] + rows[1]["ap"]) / 2)

    def test_nan_is_null_in_json(self) -> None:
        """One artist has the only positives, so some resamples have none; an interval may be unknown."""
        labels = np.array([[1.0], [0.0]])
        report = evaluate(scored_arrays(labels, labels), BootstrapOptions(n_resamples=1, seed=1))
        assert "NaN" not in report.to_json()
        json.loads(report.to_json())


class TestArrays:
    def test_published_baseline_with_intervals(self, shared_data: Path) -> None:
        truth = load_array(shared_data / "tables/groundtruth.npy")
        predicted = load_array(shared_data / "tables/baseline_vggish_predictions.npy")
        report = evaluate(scored_arrays(truth, predicted), QUICK)
        assert (f"{report.macro_ap.value:.4f}", f"{report.macro_roc_auc.value:.4f}") == ("0.1077", "0.7258")
        assert report.macro_chance_ap < report.macro_ap.low < report.macro_ap.value < report.macro_ap.high
        assert len(report.tags) == 56
        assert "bootstrap over tracks" in report.intervals

    def test_random_scores_are_at_chance(self) -> None:
        rng = np.random.default_rng(0)
        labels = (rng.random((400, 30)) < 0.1).astype(float)
        report = evaluate(scored_arrays(labels, rng.random((400, 30))), QUICK)
        assert report.macro_ap.value == pytest.approx(report.macro_chance_ap, abs=0.01)
        assert report.macro_roc_auc.low < 0.5 < report.macro_roc_auc.high

    def test_refuses(self) -> None:
        with pytest.raises(DataError, match="2 tag names for 1 columns"):
            scored_arrays([[1.0]], [[1.0]], ["a", "b"])
        with pytest.raises(DataError, match="no tag has both"):
            evaluate(scored_arrays([[1.0]], [[1.0]]))
