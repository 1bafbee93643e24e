"""Cells of the search benchmark pass what they say and relate to the seed as they say; recall is recall."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.search import cells, terms, truth
from benchmarks.search import data as search_data
from moodrec.filters.columns import ColumnTable, row_mask
from moodrec.filters.parse import parse

N = 2000


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def data(cache: Path) -> Any:
    return search_data.load_data("diffuse", N, cache)


@pytest.fixture
def maker(data: Any) -> Any:
    columns = terms.Columns.of(data.table)
    return cells.QuestionMaker(data, columns, seed=0)


def test_the_grid_is_whole() -> None:
    names = [cell.name for cell in cells.all_cells()]
    assert len(set(names)) == len(names) == 1 + 4 * 3 + 3
    assert {"no filter", "0.1% opposes", "10% agrees, 3 terms"} <= set(names)


def test_every_filter_passes_its_share_of_the_rows(maker: Any) -> None:
    for cell in cells.all_cells():
        for question in maker.draw(cell, 10):
            assert question.passes == pytest.approx(cell.share * N, abs=2), cell.name
            if question.filter is not None:
                assert len(question.filter.terms) == cell.terms


def test_the_text_means_what_the_mask_means(maker: Any, data: Any) -> None:
    columns, table = terms.Columns.of(data.table), ColumnTable(data.table)
    for cell in cells.all_cells()[1:]:
        for question in maker.draw(cell, 5):
            mask = question.filter.mask(columns)
            np.testing.assert_array_equal(mask, row_mask(parse(str(question.filter)), table))
            assert mask.sum() == question.passes


def test_the_seed_meets_what_agrees_and_not_what_opposes(maker: Any, data: Any) -> None:
    ways: list[tuple[cells.Relation, bool]] = [("agrees", True), ("opposes", False)]
    for relation, meets in ways:
        for share in (0.5, 0.1, 0.01):
            for question in maker.draw(cells.Cell(share, relation, 1), 20):
                own = (data.queries == question.query).all(1).argmax()
                (term,) = question.filter.terms
                score = data.query_moods[own, data.moods.index(term.column)]
                assert (score >= term.values[0] if term.operator == ">=" else score < term.values[0]) == meets


def test_relations_order_the_best_cosines_that_pass(maker: Any, data: Any) -> None:
    columns = terms.Columns.of(data.table)

    def best(relation: cells.Relation) -> float:
        found = maker.draw(cells.Cell(0.01, relation, 1), 40)
        return float(np.mean([(data.vectors @ q.query)[q.filter.mask(columns)].max() for q in found]))

    assert best("agrees") > best("random") > best("opposes")


def test_agreeing_and_opposing_cells_ask_about_the_same_tracks(maker: Any) -> None:
    agrees, opposes = (maker.draw(cells.Cell(0.1, relation, 1), 5) for relation in ("agrees", "opposes"))
    for one, other in zip(agrees, opposes, strict=True):
        np.testing.assert_array_equal(one.query, other.query)


def test_questions_change_with_the_seed(data: Any) -> None:
    columns = terms.Columns.of(data.table)
    cell = cells.Cell(0.1, "random", 1)
    texts = [
        [str(question.filter) for question in cells.QuestionMaker(data, columns, seed).draw(cell, 5)]
        for seed in (0, 0, 1)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_truth_is_the_exact_answer(maker: Any, data: Any) -> None:
    columns = terms.Columns.of(data.table)
    questions = maker.draw(cells.Cell(0.01, "opposes", 1), 3)
    for question, exact in zip(questions, truth.truths(data.vectors, columns, questions, 10), strict=True):
        scores = np.where(question.filter.mask(columns), data.vectors @ question.query, -2)
        best = np.argsort(-scores)[:10]
        assert truth.judge(data.vectors, question, exact, best) == truth.Verdict(1.0, False, 0)
        doubled = np.repeat(best[:5], 2)
        assert truth.judge(data.vectors, question, exact, doubled).recall == 0.5
        assert truth.judge(data.vectors, question, exact, doubled).short
        wrong = np.flatnonzero(~question.filter.mask(columns))[:10]
        assert truth.judge(data.vectors, question, exact, wrong).violations == 10
        assert truth.judge(data.vectors, question, exact, wrong).recall == 0
        assert truth.judge(data.vectors, question, exact, np.array([], np.int64)).recall == 0


def test_mixed_windows_lie_between_windows_of_different_tracks() -> None:
    rng = np.random.default_rng(0)
    windows = search_data.unit(rng.standard_normal((300, 128)))
    track = (np.arange(300) // 10).astype(np.int32)
    near = search_data.nearest_of_other_tracks(windows, track)
    assert near.shape == (300, 20)
    assert (track[near] != track[:, None]).all()
    scores = rng.standard_normal((300, 2)).astype(np.float32)
    rows = search_data.real_rows(windows, scores, track, 1000, rng)
    first, _ = rows(rng, 250)
    assert len(np.unique(first, axis=0)) == 250
    assert (first @ windows.T).max(1) == pytest.approx(np.ones(250), abs=1e-5)
    vectors, linear = rows(rng, 500)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert linear.shape == (500, 2)
    assert ((vectors @ windows.T).max(1) > 1 - 1e-5).sum() < 100
