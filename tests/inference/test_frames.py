"""Columns in, tables out: of pandas, polars and Arrow, each as its own kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from overtone.errors import InputError
from overtone.experiment.fit import Run
from overtone.inference.predictor import Predictor, load

TEXTS = ["so happy today", "the bus is late again", ""]


@pytest.fixture(scope="module")
def model(run: Run) -> Predictor:
    return load(run.path, device="cpu")


def test_pandas_keeps_its_columns_and_its_index(model: Predictor) -> None:
    frame = pd.DataFrame({"n": [1, 2, 3], "said": TEXTS}, index=["b", "a", "b"])
    found = model.predict_table(frame, "said")
    names = model.labels.names
    expected = model.predict(TEXTS)
    assert list(found.columns) == [
        "n", "said", "labels", *(f"p_{name}" for name in names), *(f"on_{name}" for name in names),
    ]  # fmt: skip
    assert list(found.index) == ["b", "a", "b"]
    assert list(found["n"]) == [1, 2, 3]
    assert list(found["labels"]) == [" ".join(one.labels) for one in expected]
    for name in names:
        assert list(found[f"p_{name}"]) == [one.probabilities[name] for one in expected]
        assert list(found[f"on_{name}"]) == [int(name in one.labels) for one in expected]
    assert list(frame.columns) == ["n", "said"]  # what was given stays as it was


def test_polars_and_arrow_get_their_own_kind(model: Predictor) -> None:
    frame = pl.DataFrame({"text": TEXTS})
    found = model.predict_table(frame)
    assert isinstance(found, pl.DataFrame)
    np.testing.assert_array_equal(
        found.select(f"p_{name}" for name in model.labels.names).to_numpy(),
        model.probabilities(TEXTS).astype(float),
    )
    arrow = model.predict_table(frame.to_arrow())
    assert type(arrow) is type(frame.to_arrow())
    assert pl.DataFrame(arrow).equals(found)


def test_a_threshold_decides_instead(model: Predictor) -> None:
    found = model.predict_table(pl.DataFrame({"text": TEXTS}), threshold=0.0)
    assert found.select(f"on_{name}" for name in model.labels.names).to_numpy().all()


def test_no_rows_are_no_rows(model: Predictor) -> None:
    empty: Any = pl.DataFrame({"text": []}, schema={"text": pl.String})
    found = model.predict_table(empty)
    assert found.height == 0
    assert found.schema[f"p_{model.labels.names[0]}"] == pl.Float64


@pytest.mark.parametrize("kind", [list, tuple, iter, pd.Series, pl.Series, np.array])
def test_any_column_of_texts_is_predicted(model: Predictor, kind: Any) -> None:  # noqa: ANN401
    assert model.predict(kind(TEXTS)) == model.predict(TEXTS)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (["a text"], "found list: give a list of texts to predict"),
        (pl.LazyFrame({"text": TEXTS}), "collect a lazy table first"),
        (pl.DataFrame({"said": TEXTS}), "expected the column 'text', found 'said'"),
        (pl.DataFrame({"text": TEXTS, "p_joy": TEXTS}), "the table has a column 'p_joy'"),
        (pl.DataFrame({"text": ["a", None]}), "expected texts, found NoneType at position 1"),
        (pd.DataFrame({"text": ["a", None]}), "expected texts, found (float|NoneType) at posi"),
    ],
)
def test_what_can_not_be_read_is_said(model: Predictor, frame: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model.predict_table(frame)
