"""What a run costs."""

import numpy as np

from overtone.evaluation.cost import peak_memory_mb


def test_peak_memory_is_in_megabytes_and_grows_by_what_is_held() -> None:
    before = peak_memory_mb()
    # A Python with numpy takes more than 10 MB and, in these tests, less than 100 GB.
    assert 10 < before < 100_000
    held = np.ones(int((before + 50) * 1e6) // 8)
    grown = peak_memory_mb()
    assert grown >= before + 40
    del held
    assert peak_memory_mb() >= grown
