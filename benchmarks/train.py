"""How fast overtone trains, beside SpanEmo's public way and Hugging Face's Trainer.

    python benchmarks/train.py --data-dir DATA --json speed.json

Trains for one epoch on the same tweets in four ways that take turns, after a first turn on a few of
the tweets that isn't measured, and prints the medians over the rounds:

a  SpanEmo's public way: label words and text padded to 128 tokens, no mask, a loop in the loss
b  HF Trainer, padding to the maximum (128), as transformers' run_classification.py does
c  HF Trainer, dynamic padding and group_by_length
d  overtone, --config best/spanemo, in the precision that it chooses for this machine
e  the same in fp32, as a to c

Texts are cleaned and tokenised before the clock starts, and nothing is scored while it runs. Tokens
are those that are no padding; the label words before each text count in a and d, whose models read
them. Operations are counted from shapes (_flops.py says which) and compared with the rate of a
large matrix product, measured between the rounds. Encoders other than minilm are for d alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import _hf_trainer
import _overtone
import _spanemo_public
import _tweets
import torch
import transformers
from _epoch import BATCH, Epoch, Task
from _flops import matrix_rate

from overtone import atomic, data, text
from overtone.data import Split
from overtone.errors import OvertoneError
from overtone.experiment.recipe import Recipe, compose

PRESET = "best/spanemo"
NAMES = {
    "a": "SpanEmo's public way",
    "b": "HF Trainer, padded to 128",
    "c": "HF Trainer, by length",
    "d": "overtone",
    "e": "overtone, fp32",
}
WARM_UP = 2 * BATCH
"""Texts of the turn that isn't measured."""
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
SIZES = {"cpu": 4096, "cuda": 8192}
"""Rows and columns of the matrices whose product is the yardstick."""

Ways = Mapping[str, Callable[[], Epoch]]


def main() -> None:
    """Measure, print a table, and write all figures where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--texts", type=int, default=640, help="an epoch's texts (640)")
    parser.add_argument(
        "--data-dir", type=Path, help="where semeval2018 is; else OVERTONE_DATA_DIR"
    )
    parser.add_argument("--rounds", type=int, default=3, help="turns that each way has (3)")
    parser.add_argument("--encoder", default="minilm", help="minilm, random/bert-base, …")
    parser.add_argument(
        "--precision", choices=["fp32", "bf16"], default="fp32", help="for encoders but minilm"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="section.key=value", help="for d alone"
    )
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"expected at least one round, found {arguments.rounds}")
    try:
        figures = _measure(arguments)
    except OvertoneError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    _show(figures)
    if arguments.json:
        atomic.write_text(arguments.json, json.dumps(figures, indent=2) + "\n")


def _measure(arguments: argparse.Namespace) -> dict[str, Any]:
    transformers.utils.logging.disable_progress_bar()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    threads = torch.get_num_threads()
    settings = ["training.epochs=1", "training.least_steps=0"]  # one epoch, however few texts
    if arguments.encoder != "minilm":
        settings.append(f"training.precision={arguments.precision}")
    settings += ["training.device=cpu"] * (device.type == "cpu")
    recipe = compose(
        PRESET,
        dataset=_tweets.DATASET,
        encoder=arguments.encoder,
        settings=settings + arguments.set,
    )
    train, dev, real = _tweets.load(arguments.texts, arguments.data_dir)
    few, _, _ = _tweets.load(min(WARM_UP, arguments.texts), arguments.data_dir)

    for way in _ways(recipe, few, dev, device).values():
        way()
    epochs: dict[str, list[Epoch]] = {}
    rates: dict[str, list[float]] = {"fp32": [], "bf16": []}
    for number in range(arguments.rounds):
        for name, way in _ways(recipe, train, dev, device).items():
            torch.set_num_threads(threads)
            epochs.setdefault(name, []).append(way())
            shown = f"{epochs[name][-1].texts_per_second:.1f} texts/s"
            print(f"round {number + 1}/{arguments.rounds}  {name}  {shown}", file=sys.stderr)
        for precision, dtype in DTYPES.items():
            rates[precision].append(matrix_rate(device, dtype, SIZES[device.type]))
    return {
        "texts": len(train),
        "real_tweets": real,
        "encoder": arguments.encoder,
        "precision": arguments.precision,
        "settings": arguments.set,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "threads": threads,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "matrix_size": SIZES[device.type],
        "matrix_flops_per_second": {key: median(found) for key, found in rates.items()},
        "matrix_rounds": rates,
        "ways": {
            name: _summary(found, epochs["d"], median(rates[arguments.precision]))
            for name, found in epochs.items()
        },
    }


def _ways(recipe: Recipe, train: Split, dev: Split, device: torch.device) -> Ways:
    """Return what trains for one epoch in each way; only overtone, where nothing is pretrained."""
    ours = {"d": partial(_overtone.epoch, recipe, train, dev)}
    encoder = recipe.model.options["encoder"]
    if encoder != "minilm":
        return ours
    plain = dataclasses.replace(recipe.training, precision="fp32")
    ours["e"] = partial(_overtone.epoch, dataclasses.replace(recipe, training=plain), train, dev)
    clean = text.load(recipe.text.name, recipe.text.options)
    texts = [clean(item) for item in train.texts]
    task = Task(texts, data.truth(train), train.labels, encoder, device, "fp32")
    return {
        "a": partial(_spanemo_public.epoch, task),
        "b": partial(_hf_trainer.epoch, task, dynamic=False),
        "c": partial(_hf_trainer.epoch, task, dynamic=True),
        **ours,
    }


def _summary(epochs: list[Epoch], ours: list[Epoch], matrix: float) -> dict[str, Any]:
    """Return the medians over rounds, and overtone's as multiples of them."""

    def middle(epochs: list[Epoch], unit: str) -> float:
        return float(median(getattr(epoch, unit) for epoch in epochs))

    rates = ("texts_per_second", "tokens_per_second", "flops_per_second")
    result = {rate: middle(epochs, rate) for rate in rates}
    return {
        **result,
        "overtone_by_texts": middle(ours, rates[0]) / result[rates[0]],
        "overtone_by_tokens": middle(ours, rates[1]) / result[rates[1]],
        "share_of_matrix_rate": result[rates[2]] / matrix,
        "rounds": [dataclasses.asdict(epoch) for epoch in epochs],
    }


def _show(figures: dict[str, Any]) -> None:
    """Print the figures as a Markdown table."""
    kind = "tweets" if figures["real_tweets"] else "GENERATED tweets (the real ones are not here)"
    rounds = len(figures["matrix_rounds"]["fp32"])
    print(
        f"{figures['texts']} {kind}, {figures['encoder']}, "
        f"{figures['device']}, {figures['threads']} threads, torch {figures['torch']}, "
        f"transformers {figures['transformers']}; median of {rounds} rounds\n"
    )
    heads = (
        "way", "texts/s", "tokens/s", "d ÷ it, texts", "d ÷ it, tokens", "no padding", "GFLOP/s",
        "of the matrix rate",
    )  # fmt: skip
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for name, way in figures["ways"].items():
        first = way["rounds"][0]
        cells = (
            f"{name} {NAMES[name]}" + (f", {first['precision']}" if name == "d" else ""),
            f"{way['texts_per_second']:.1f}",
            f"{way['tokens_per_second']:.0f}",
            f"{way['overtone_by_texts']:.2f}",
            f"{way['overtone_by_tokens']:.2f}",
            f"{first['tokens'] / first['padded_tokens']:.0%}",
            f"{way['flops_per_second'] / 1e9:.1f}",
            f"{way['share_of_matrix_rate']:.0%}",
        )
        print(f"| {' | '.join(cells)} |")
    size = figures["matrix_size"]
    fp32, bf16 = (figures["matrix_flops_per_second"][key] / 1e9 for key in ("fp32", "bf16"))
    last = figures["ways"]["d"]["rounds"][0]["last_layer_tokens"]
    computed = "all tokens" if last is None else f"{last} tokens a text"
    print(
        f"\nMatrix rate, {size} x {size}: {fp32:.1f} GFLOP/s in fp32, {bf16:.1f} in bf16; the "
        f"table compares with {figures['precision']}. In d's last layer, {computed} are computed."
    )


if __name__ == "__main__":
    main()
