"""How far a study is, and how long it will take."""

from __future__ import annotations

from tests.study.conftest import Study

from overtone.study.progress import seconds_left, status


def test_open_cells_take_what_cells_like_them_took(study: Study) -> None:
    tfidf, tiny, _, tiny_1, tfidf_half, tiny_half, changed = study.cells
    assert seconds_left([], []) == 0
    assert seconds_left([tiny], []) is None
    took = [(tfidf, 2.0), (tiny, 10.0)]
    assert seconds_left([tiny_1], took) == 10
    assert seconds_left([tfidf_half, tiny_half, changed], took) == 1 + 5 + 10
    assert seconds_left([tiny], [(tfidf, 2.0)]) == 2  # all that is known


def test_the_status_is_that_of_the_folder_whoever_did_the_cells(study: Study) -> None:
    now = status(study.cells, study.folder)
    assert (now.done, now.failed, now.cells, now.seconds_left) == (7, 0, 7, 0)
    ((best, score),) = now.best
    assert best in study.cells
    assert 0 < score <= 1
    nothing = status(study.cells, study.folder / "elsewhere")
    assert (nothing.done, nothing.seconds_left, nothing.best) == (0, None, ())
