"""A model that is trained first, by a recipe of its own, and that a run starts from.

`[init] recipe = "best/goemotions"` makes one run of what would be two: the first model stands in
the run's folder until the run is finished, and is trained, stopped and resumed with it.
"""

from __future__ import annotations

import dataclasses
import logging
from functools import partial
from pathlib import Path

from overtone.experiment import fit, recipe_layers, run
from overtone.experiment.parts import prepare
from overtone.experiment.recipe import Recipe, Section, check, compose
from overtone.training.ranks import Ranks

log = logging.getLogger(__name__)

FOLDER = "first"
"""Where it is trained, in the folder of a run's checkpoints."""


def model(recipe: Recipe, data_dir: Path | None, folder: Path, team: Ranks) -> Path | None:
    """Train the model that a recipe starts from, or go on with it, and return its run.

    Args:
        recipe: the recipe that starts from it; without `init.recipe` nothing is done.
        data_dir: where the datasets' files are.
        folder: its run's.
        team: the processes that train together.

    Raises:
        InputError: as for training; or the run was begun with another recipe.

    """
    if not recipe.init.recipe:
        return None
    log.info("first %s", recipe.init.recipe)
    begun = (folder / "config.toml").is_file()
    first = run.recipe(folder, check, lambda **_: recipe_of(recipe), resume=begun)
    return fit.in_folder(partial(prepare, first, data_dir), folder, team=team).path


def recipe_of(recipe: Recipe) -> Recipe:
    """Return the recipe of the model that is trained first.

    Its encoder, its seed, and what is about the machine, are those of the run.

    Raises:
        InputError: there is no such recipe.
        ConfigError: all problems of it.

    """
    found = compose(recipe.init.recipe)
    own = recipe.model.options
    weights = {key: own[key] for key in recipe_layers.FROM if key in own}
    machine = {key: getattr(recipe.training, key) for key in run.MACHINE}
    return dataclasses.replace(
        found,
        model=Section(found.model.name, {**found.model.options, **weights}),
        training=dataclasses.replace(found.training, seed=recipe.training.seed, **machine),
    )
