"""Texts that are nearly the same: MinHash finds candidates, their shingles decide.

Sources: Broder, On the Resemblance and Containment of Documents (SEQUENCES 1997); bands of a
signature as keys: Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3. The
signatures are datasketch's. Its index is not used: the bands of one array, sorted, take a tenth of
the memory of its sets.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from overtone.config import Count, Range
from overtone.insight.data_check import Finding
from overtone.insight.data_check._plain import plain
from overtone.insight.data_check.corpus import Corpus
from overtone.insight.data_check.duplicates import ACROSS, INSIDE

TITLE = "Near-duplicates"
LEVEL = "warning"
ADVICE = (
    "Keep one row of each group, or keep the group in one split (--group-column): a text that is "
    "nearly in train makes scores better than they are."
)

BANDS, ROWS = 20, 5
"""Of a signature. Two texts as similar as .8 share a band with a probability of .9996, as similar
as .5 with .47, as similar as .2 with .006."""
BLOCK = 4096
"""Shingles of a text that are hashed at a time, which bounds the memory that a long one takes."""
MOST = 20
"""Texts of a bucket that others of it are compared with: its time stays linear."""
_GAPS = re.compile(r"[\W_]+")


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    similarity: Annotated[float, Range(0.5, 1)] = 0.8
    """Shared shingles of all shingles of two texts (Jaccard) from which on they are nearly the
    same. Links, mentions, case and marks don't count."""
    shingle: Count = 5
    """Characters of a shingle."""
    fewest: Count = 20
    """Texts with fewer characters, links and the like left out, are too short to say."""


def find(config: Config, corpus: Corpus) -> list[Finding]:
    """Return one finding a group, those across splits first, the largest first.

    Texts that are the same are in a group only where another is nearly the same.

    Raises:
        ImportError: datasketch is not installed.

    """
    texts = [(rows, _letters(corpus.texts[rows[0]])) for rows in corpus.same]
    texts = [(rows, text) for rows, text in texts if len(text) >= config.fewest]
    signatures = _signatures([text for _, text in texts], config.shingle)
    groups = _Groups(len(texts))
    for bucket in _buckets(signatures):
        leaders: list[int] = []
        for number in bucket:
            for leader in leaders:
                if groups.root(leader) == groups.root(number):
                    break
                alike = _similarity(texts[leader][1], texts[number][1], config.shingle)
                if alike >= config.similarity:
                    groups.join(leader, number, alike)
                    break
            else:
                if len(leaders) < MOST:
                    leaders.append(number)
    found = []
    for members, least in groups.all():
        rows = tuple(sorted(row for member in members for row in texts[member][0]))
        found.append(
            Finding(
                what=ACROSS if corpus.is_across(rows) else INSIDE,
                rows=rows,
                said=f"{len(rows)} texts, similarity {least:.2f}",
                score=least,
            )
        )
    return sorted(found, key=lambda finding: (finding.what != ACROSS, -finding.size))


def _letters(text: str) -> str:
    return _GAPS.sub(" ", plain(text).casefold()).strip()


def _shingles(text: str, size: int) -> set[str]:
    return {text[start : start + size] for start in range(max(1, len(text) - size + 1))}


def _similarity(one: str, two: str, size: int) -> float:
    if one == two:
        return 1.0
    # A set can't share more than the smaller has.
    first, second = _shingles(one, size), _shingles(two, size)
    return len(first & second) / len(first | second)


def _signatures(texts: list[str], size: int) -> NDArray[np.uint32]:
    """Return the MinHash signature of each text, (n, BANDS * ROWS)."""
    from datasketch import MinHash  # noqa: PLC0415 - an extra's

    found = np.zeros((len(texts), BANDS * ROWS), dtype=np.uint32)
    empty = MinHash(num_perm=BANDS * ROWS, hashfunc=zlib.crc32, scheme="affine32")
    for number, text in enumerate(texts):
        signature = MinHash(
            num_perm=BANDS * ROWS, hashfunc=zlib.crc32, scheme="affine32",
            permutations=empty.permutations,
        )  # fmt: skip
        shingles = [shingle.encode("utf-8", "replace") for shingle in _shingles(text, size)]
        for first in range(0, len(shingles), BLOCK):
            signature.update_batch(shingles[first : first + BLOCK])
        found[number] = signature.hashvalues
    return found


def _buckets(signatures: NDArray[np.uint32]) -> Iterator[list[int]]:
    """Yield the texts that share a band, in their order, band by band."""
    for band in range(BANDS):
        keys = np.ascontiguousarray(signatures[:, band * ROWS : (band + 1) * ROWS])
        whole = keys.view(np.dtype((np.void, keys.itemsize * ROWS))).ravel()
        order = np.argsort(whole, kind="stable")
        ends = np.flatnonzero(whole[order][1:] != whole[order][:-1]) + 1
        for bucket in np.split(order, ends) if len(ends) < len(order) - 1 else ():
            if len(bucket) > 1:
                yield bucket.tolist()


class _Groups:
    """Texts that are joined with others: a union-find."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))
        self._least: dict[int, float] = {}

    def root(self, number: int) -> int:
        """Return what stands for a text's group."""
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    def join(self, one: int, two: int, alike: float) -> None:
        """Make one group of two, that are so similar."""
        first, second = sorted((self.root(one), self.root(two)))
        least = min(alike, self._least.pop(second, 1.0), self._least.get(first, 1.0))
        self._parents[second] = first
        self._least[first] = least

    def all(self) -> Iterator[tuple[list[int], float]]:
        """Yield the groups of more than one, and the similarity of their least similar link."""
        members: dict[int, list[int]] = {root: [] for root in self._least}
        for number in range(len(self._parents)):
            if (root := self.root(number)) in members:
                members[root].append(number)
        for root, those in members.items():
            yield those, self._least[root]
