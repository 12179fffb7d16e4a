"""Text as it is, repaired: for comments and other prose that the encoder's tokenizer handles well.

Mojibake, HTML entities, curly quotes, ligatures and full-width letters are repaired as ftfy does
(https://ftfy.readthedocs.io), control characters and lone surrogates go, the text is normalised to
NFC, and whitespace becomes single spaces. Words, case and punctuation stay.
"""

from dataclasses import dataclass
from functools import partial

from overtone.text import Cleaner
from overtone.text._repair import repaired


@dataclass(frozen=True, kw_only=True)
class Config:
    """What may be chosen."""

    entities: bool = True
    """Turn HTML entities into the characters that they stand for, "&amp;" into "&"."""


def cleaner(config: Config) -> Cleaner:
    """Return a function that repairs a text."""
    return partial(repaired, entities=config.entities)
