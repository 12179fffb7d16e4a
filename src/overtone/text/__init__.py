"""Cleaners: what happens to a text before it is tokenised, one file each.

A cleaner maps a text to a text. It never drops a text (the result is empty only where nothing was
visible), never raises, whatever the characters, takes time linear in the text's length, and its
result can be encoded as UTF-8, which tokenizers require. To add one, write a file here with a
frozen dataclass ``Config`` and a function ``cleaner(config)``; the file's name is the cleaner's.
"""

from collections.abc import Callable, Mapping

from overtone.config import find_plugin, parse

Cleaner = Callable[[str], str]


def load(name: str, options: Mapping[str, object]) -> Cleaner:
    """Return the cleaner of that name, set up with these options."""
    module = find_plugin(__name__, name)
    build: Callable[[object], Cleaner] = module.cleaner
    return build(parse(module.Config, options, where="text"))
