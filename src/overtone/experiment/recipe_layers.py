"""The layers of a recipe: what one of them says, and what it leaves of those below it."""

from __future__ import annotations

import logging
from pathlib import Path
from types import ModuleType

from overtone import bundle, config
from overtone import data as datasets
from overtone.config import Table, find_plugin
from overtone.errors import InputError
from overtone.experiment import also as others

log = logging.getLogger(__name__)

DEFAULT_FAMILY = "spanemo"
"""The model's family where none is named."""

FROM = ("encoder", "vectors")
"""Options that say where a model's first weights come from: they outlast a change of the family."""

MAY_CHANGE = {
    "dropout", "dropout_samples", "encoder_dropout", "attention_dropout", "train_embeddings",
    "freeze_layers",
}  # fmt: skip
"""Options of a model that training may start from and still change; the others are its shape."""


def of_model(model: str | Path) -> Table:
    """Return what a recipe takes over from the model that training starts from."""
    start = bundle.trainable(model)
    taken = {kind: dict(start.manifest.config[kind]) for kind in ("text", "inputs", "model")}
    # Prompts belong to labels, and the labels may be others now.
    if prompts := taken["inputs"].pop("prompts", None):
        log.info("the prompts of %s are not taken over: %s", model, prompts)
    # Absolute: the run may be resumed from another folder.
    return {**taken, "init": {"model": bundle.absolute(model), "sha256": start.digest}}


def with_own_files(layer: Table) -> Table:
    """Return a layer where a table's path is an option of the dataset, or another one's name."""
    layer = {**layer, "also": others.whole_paths(layer.get("also", {}))}
    section = layer.get("data", {})
    if not isinstance(section, dict) or not isinstance(section.get("name"), str):
        return layer
    named = datasets.named(section["name"])
    return {**layer, "data": {**named, **section, "name": named["name"]}}


def with_whole_path(layer: Table) -> Table:
    """Return a layer where the recipe that is trained first means the same from any folder."""
    section = layer.get("init")
    name = section.get("recipe") if isinstance(section, dict) else None
    if not isinstance(name, str) or not Path(name).is_file():  # a preset, or a mistake
        return layer
    return {**layer, "init": {**layer["init"], "recipe": str(Path(name).resolve())}}


def without_other_plugins(table: Table, above: Table) -> Table:
    """Return a table without the options of plugins that the table above it replaces."""
    other = {section for section in table if _names_another(table[section], above.get(section))}
    kept = {section: {} if section in other else options for section, options in table.items()}
    if "model" in other:
        fields = family(above["model"].get("name")).Config.__dataclass_fields__
        before = table["model"]
        kept["model"] = {key: before[key] for key in FROM if key in before and key in fields}
        kept["inputs"] = kept["loss"] = {}  # those that went with the model
        kept["init"] = {key: table["init"][key] for key in table["init"] if key != "recipe"}
    return kept


def _names_another(options: Table, above: object) -> bool:
    """Return whether a section names another plugin; another file is another dataset, too."""
    return isinstance(above, dict) and any(
        above.get(key, options.get(key)) != options.get(key) for key in ("name", "file")
    )


def with_shape_of(start: Table, result: Table, asked: Table) -> Table:
    """Return a recipe whose model has the shape of the one that training starts from.

    What a preset says of it doesn't count; what the user says must agree.
    """
    if result["model"].get("name") != start["name"]:
        return result  # another family, which is refused where the model is made
    shape = {key: value for key, value in start.items() if key not in MAY_CHANGE}
    for key, value in asked.get("model", {}).items():
        if key in shape and value != shape[key]:
            raise InputError(
                f"expected a model to start from to keep its {key} {shape[key]!r}, found "
                f"{value!r}: leave one of the two out"
            )
    return {**result, "model": {**result["model"], **shape}}


def family(name: object) -> ModuleType:
    """Return the model's plugin, or the default's where there is none of that name."""
    known = name in config.plugin_names("overtone.models")
    return find_plugin("overtone.models", str(name if known else DEFAULT_FAMILY))
