"""What adapters compute and write, without the other libraries."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from moodrec.errors import DataError, DuplicateIdError, MissingExtraError, NotFoundError
from moodrec.recommend.adapters.lightfm import item_features
from moodrec.recommend.adapters.recbole import item_config, write_item_file
from moodrec.recommend.adapters.vectors import FactorMap, ItemVectors, places, profile
from tests.recommend.adapters.made_up import ITEM_IDS, made_up_index

INDEX = made_up_index()


def test_vectors_come_in_the_order_asked_for() -> None:
    items = ItemVectors.of(INDEX, ["i07", "i03"])
    np.testing.assert_array_equal(items.vectors, INDEX.vectors(["i07", "i03"]))
    np.testing.assert_array_equal(items.rows(["i03", "x", "i07"]), [1, -1, 0])
    assert len(ItemVectors.of(INDEX)) == len(INDEX)
    with pytest.raises(NotFoundError, match="1 of 2 items are not in the index: 'x'"):
        ItemVectors.of(INDEX, ["i07", "x"])
    zero = ItemVectors.of(INDEX, ["x", "i07"], on_conflict="ignore")
    assert not zero.vectors[0].any()
    np.testing.assert_array_equal(zero.vectors[1], INDEX.vectors(["i07"])[0])
    with pytest.raises(DuplicateIdError):
        ItemVectors.of(INDEX, ["i07", "i07"])
    own = ItemVectors.from_arrays(["a"], np.array([[3.0, 4.0]]))
    np.testing.assert_allclose(own.vectors, [[0.6, 0.8]])


def test_profiles() -> None:
    both = profile(np.eye(2, dtype=np.float32))
    first = profile(np.eye(2, dtype=np.float32), np.array([1.0, 0.0]))
    assert both is not None
    assert first is not None
    np.testing.assert_allclose(both, [0.5**0.5] * 2)
    np.testing.assert_allclose(first, [1, 0])
    assert profile(np.empty((0, 4), np.float32)) is None


def test_the_factor_map_is_ridge_regression() -> None:
    rng = np.random.default_rng(0)
    x, y, new = rng.standard_normal((50, 8)), rng.standard_normal((50, 3)), rng.standard_normal((4, 8))
    theirs = Ridge(alpha=2.0).fit(x, y).predict(new)
    np.testing.assert_allclose(FactorMap.fit(x, y, 2.0)(new), theirs, rtol=1e-4)
    with pytest.raises(DataError, match="alpha"):
        FactorMap.fit(x, y, -1)
    with pytest.raises(DataError, match="50 vectors for 3"):
        FactorMap.fit(x, y[:3])


def test_places_do_not_care_for_scales() -> None:
    scores = np.array([0.1, np.nan, 5.0, 0.1])
    np.testing.assert_allclose(places(scores), [1 / 3, np.nan, 2.5 / 3, 1 / 3])
    np.testing.assert_allclose(places(scores * 100), places(scores))


def test_the_recbole_file(tmp_path: Path) -> None:
    path = write_item_file(INDEX, tmp_path / "d.item", ["i05", "i02"])
    head, *lines = path.read_text().splitlines()
    assert head.split("\t") == ["item_id:token", "moodrec_vector:float_seq", "calm:float"]
    assert [line.split("\t")[0] for line in lines] == ["i05", "i02"]
    np.testing.assert_allclose(
        np.array(lines[1].split("\t")[1].split(" "), float), INDEX.vectors(["i02"])[0], rtol=1e-5
    )
    assert [line.split("\t")[2] for line in lines] == ["0.5", "0.5"]
    assert item_config(INDEX)["load_col"]["item"] == ["item_id", "moodrec_vector", "calm"]
    with pytest.raises(NotFoundError):
        write_item_file(INDEX, tmp_path / "d.item", ["x"])


def test_lightfm_features() -> None:
    found = item_features(INDEX, ["i07", "i03"])
    assert found.matrix.shape == (2, 2 + INDEX.dim) == (2, len(found.names))
    np.testing.assert_array_equal(found.matrix[:, :2].toarray(), np.eye(2))
    np.testing.assert_array_equal(found.matrix[:, 2:].toarray(), INDEX.vectors(["i07", "i03"]))
    assert found.matrix.format == "csr"
    assert found.names[:3] == ("item:i07", "item:i03", "moodrec:0")
    assert item_features(INDEX, ITEM_IDS, identity=False).matrix.shape == (len(ITEM_IDS), INDEX.dim)


@pytest.mark.parametrize("library", ["lenskit", "implicit"])
def test_a_library_that_is_not_there(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    for name in [name for name in sys.modules if name.startswith(f"{library}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, f"moodrec.recommend.adapters.{library}", raising=False)
    with pytest.raises(MissingExtraError, match=rf"pip install 'moodrec\[{library}\]'"):
        import_module(f"moodrec.recommend.adapters.{library}")


def test_cornac_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from moodrec.recommend.adapters.cornac import feature_modality

    monkeypatch.setitem(sys.modules, "cornac", None)
    monkeypatch.setitem(sys.modules, "cornac.data", None)
    with pytest.raises(MissingExtraError, match=r"moodrec\[cornac\]"):
        feature_modality(INDEX, ITEM_IDS)
