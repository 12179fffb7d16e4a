"""Few examples a label: overtone's models and SetFit, on the same examples and the same encoder.

    python benchmarks/few_shot.py --data-dir DATA --output runs/few --setfit-python PYTHON

Examples are drawn from the train split of semeval2018-en: 8, 16 or 64 texts a label, three draws of
each (`_few_draw.py` says how), the same ones for every system. All are scored on dev, at a
threshold of 0.5, and where the most probable label is on besides if none is above it (`at_least`).

Nothing is fitted or chosen on a text that is scored. Every system trains on all of the examples.
The trainer of overtone keeps the weights that are best on its dev split; 16 of the examples stand
for it, by their loss: that falls to the end, so it keeps the last epoch or one beside it.

- spanemo, cls_head: the preset best/few, on minilm, each with its family's own loss.
- spanemo-init (`--init MODEL`): best/few-init, started from another dataset's SpanEmo, which has no
  parameter that belongs to a label. With it goes a row for k = 0, init-alone: MODEL as it is.
- setfit: SetFit with its defaults (one epoch of pairs, oversampled, 16 a step, learning rate 2e-5,
  logistic regression), `multi_target_strategy="one-vs-rest"`, on the weights that minilm has,
  reading texts cleaned as overtone's models read them. Its pairs grow with the square of the texts,
  so `--setfit-steps` ends its training earlier where an epoch has more steps.
- tfidf: the floor.

SetFit has an environment of its own:

    python -m venv setfit-venv
    setfit-venv/bin/pip install setfit==1.2.0 'transformers<5' torch==2.13.0

Where `--setfit-python setfit-venv/bin/python` is not given, its rows say NOT RUN.

To choose a recipe, score on texts that dev knows nothing of: `--score-on train` takes 600 texts of
the train split that were not drawn; and take other draws, `--draws 100 101`.

What was done is in --output and is not done again; `--done` prints that and does nothing. Texts are
in temporary files only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import _few_draw
import _few_systems
import numpy as np
import transformers
from _few_systems import Learned
from numpy.typing import NDArray

from overtone import atomic, data, decision
from overtone.data import Split
from overtone.errors import InputError, OvertoneError
from overtone.evaluation import metrics

DATASET = "semeval2018-en"
SYSTEMS = ("tfidf", "setfit", "cls_head", "spanemo", "spanemo-init")
FROM_NOTHING = "init-alone"
SCORES = ("jaccard", "jaccard_zero", "f1_micro", "f1_macro")
DECISIONS = ("threshold", "at_least")
OTHERS = 600
"""Texts of the train split to choose a recipe by."""
KEEP_LAST = ("training.metric='loss'", "training.patience=0")

Result = dict[str, Any]


def main() -> None:
    """Do what is not done yet, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--output", type=Path, required=True, help="where results go, and are found again")
    add("--data-dir", type=Path, help="where semeval2018 is; else OVERTONE_DATA_DIR")
    add("--examples", type=int, nargs="+", default=[8, 16, 64], metavar="K", help="a label")
    add("--draws", type=int, nargs="+", default=[0, 1, 2], metavar="SEED")
    add("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    add("--config", default="best/few", help="the recipe of spanemo and cls_head (best/few)")
    add("--init", metavar="MODEL", help="what spanemo-init starts from: a run or a bundle")
    add("--init-config", default="best/few-init", help="its recipe (best/few-init)")
    add("--set", action="append", default=[], metavar="section.key=value", help="for both spanemos")
    add("--setfit-python", type=Path, metavar="PYTHON", help="of SetFit's environment")
    add("--setfit-steps", type=int, default=500, help="most steps of SetFit (500)")
    add("--score-on", choices=["dev", "train"], default="dev", help="train: texts not drawn")
    add("--done", action="store_true", help="print what is in --output, and do nothing")
    add("--json", type=Path, help="write all results to this file")
    asked = parser.parse_args()
    transformers.utils.logging.disable_progress_bar()
    try:
        results = done(asked.output) if asked.done else _run(asked)
    except OvertoneError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    print(table(results))
    if asked.json:
        atomic.write_text(asked.json, json.dumps(results, indent=2) + "\n")


def done(output: Path) -> list[Result]:
    """Return the results that are there already, by k, system and draw.

    Raises:
        InputError: there is none.

    """
    found: list[Result] = [
        json.loads(path.read_text(encoding="utf-8")) for path in output.glob("*.json")
    ]
    if not found:
        raise InputError(f"expected results in {output}, found none: run without --done first")
    order = (FROM_NOTHING, *SYSTEMS)
    return sorted(found, key=lambda one: (one["k"], order.index(one["system"]), one["draw"]))


def _run(asked: argparse.Namespace) -> list[Result]:
    """Return the results of all systems, k and draws, those that are there already included."""
    whole = data.load(DATASET, "train", asked.data_dir)
    dev = data.load(DATASET, "dev", asked.data_dir)
    found: list[Result] = []
    if asked.init and "spanemo-init" in asked.systems:
        made = _few_systems.recipe(asked.init_config, None, asked.init, list(asked.set), 0)
        scored = _scored(asked, whole, dev, np.array([], dtype=np.int64), asked.draws[0])
        facts = {"system": FROM_NOTHING, "k": 0, "draw": 0, "texts": 0, "way": made.init.sha256}
        found.append(
            _kept(asked.output, facts, scored, lambda: _few_systems.untrained(made, scored))
        )
    for count in asked.examples:
        for seed in asked.draws:
            rows = _few_draw.draw(data.truth(whole), count, seed)
            examples = _few_draw.part(whole, "train", rows)
            scored = _scored(asked, whole, dev, rows, seed)
            for system in asked.systems:
                facts = {"system": system, "k": count, "draw": seed, "texts": len(rows)}
                found.append(_result(asked, facts, examples, scored))
    return found


def _scored(
    asked: argparse.Namespace,
    whole: Split,
    dev: Split,
    rows: NDArray[np.int64],
    seed: int,
) -> Split:
    if asked.score_on == "dev":
        return dev
    return _few_draw.part(whole, "others", _few_draw.others(whole, rows, OTHERS, seed))


def _result(asked: argparse.Namespace, facts: Result, examples: Split, scored: Split) -> Result:
    """Return one system's result on one draw."""
    system, seed = facts["system"], facts["draw"]
    if system == "setfit":
        if asked.setfit_python is None:
            return {**facts, "not_run": "no --setfit-python"}
        way: object = {"steps": asked.setfit_steps, "strategy": _few_systems.STRATEGY}
        return _kept(
            asked.output,
            {**facts, "way": way},
            scored,
            lambda: _few_systems.setfit(
                asked.setfit_python, asked.setfit_steps, seed, examples, scored
            ),
        )
    if system == "spanemo-init" and not asked.init:
        return {**facts, "not_run": "no --init"}
    if system == "tfidf":
        made = _few_systems.recipe("best/tfidf", None, None, [], seed)
    elif system == "cls_head":
        made = _few_systems.cls_head(asked.config, list(KEEP_LAST), seed)
    else:
        config, init = asked.config, None
        if system == "spanemo-init":
            config, init = asked.init_config, asked.init
        made = _few_systems.recipe(config, None, init, [*KEEP_LAST, *asked.set], seed)
    way = made.to_json()
    del way["data"], way["init"]["model"]  # the hash says which model it is, wherever it lies
    return _kept(
        asked.output,
        {**facts, "way": way},
        scored,
        lambda: _few_systems.overtone(made, examples, scored),
    )


def _kept(output: Path, facts: Result, scored: Split, learn: Callable[[], Learned]) -> Result:
    """Return a result from `output`, or make it and put it there.

    Raises:
        InputError: the one that is there was made in another way.

    """
    path = output / f"{facts['system']}-{facts['k']}-{facts['draw']}.json"
    facts = {**facts, "scored": f"{scored.dataset} {scored.name}"}
    if path.is_file():
        found: Result = json.loads(path.read_text(encoding="utf-8"))
        if any(found.get(key) != value for key, value in facts.items()):
            raise InputError(
                f"expected {path} to be made as this command asks, found another recipe, other "
                "steps or other texts in it: name another --output"
            )
        return found
    learned = learn()
    result = {
        **facts,
        "seconds": round(learned.seconds, 1),
        "notes": learned.notes,
        "scores": scores(learned.probabilities, scored),
    }
    output.mkdir(parents=True, exist_ok=True)
    # For other decisions later. The result comes last: where it is, all is.
    np.save(path.with_suffix(".npy"), learned.probabilities)
    atomic.write_text(path, json.dumps(result, indent=2) + "\n")
    print(f"{facts['system']} k={facts['k']} draw {facts['draw']}: done", file=sys.stderr)
    return result


def scores(probabilities: NDArray[np.float32], scored: Split) -> dict[str, Any]:
    """Return the scores of probabilities (n, C) under each decision; none of them is fitted."""
    truth = data.truth(scored)
    found = {}
    for name in DECISIONS:
        decided = decision.fit(name, {}, probabilities, truth, scored.labels).decide(probabilities)
        values = metrics.score(truth, decided, probabilities, scored.labels).to_json()
        found[name] = {score: values[score] for score in SCORES}
    return found


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the results as a Markdown table: the mean and sd over draws."""
    heads = [f"{name}, 0.5" for name in SCORES] + ["jaccard, at_least", "micro F1, at_least"]
    lines = [f"| k | system | texts | draws | {' | '.join(heads)} | seconds |", "|---" * 11 + "|"]
    groups: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for result in results:
        groups.setdefault((result["k"], result["system"]), []).append(result)
    for (count, system), group in groups.items():
        texts = f"{mean(result['texts'] for result in group):.0f}"
        if reason := group[0].get("not_run"):
            lines.append(f"| {count} | {system} | {texts} | 0 | NOT RUN: {reason} |" + " |" * 6)
            continue
        wanted = [("threshold", name) for name in SCORES]
        wanted += [("at_least", "jaccard"), ("at_least", "f1_micro")]
        cells = [_spread([result["scores"][way][name] for result in group]) for way, name in wanted]
        seconds = f"{mean(result['seconds'] for result in group):.0f}"
        row = [str(count), system, texts, str(len(group)), *cells, seconds]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    text = f"{mean(values):.3f}".removeprefix("0")
    return text + (f" ± {stdev(values):.3f}".replace("0.", ".") if len(values) > 1 else "")


if __name__ == "__main__":
    main()
