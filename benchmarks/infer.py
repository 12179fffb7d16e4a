"""How fast a trained SpanEmo predicts on the CPU, beside Hugging Face's pipeline.

    python benchmarks/infer.py --model runs/en --data-dir DATA --json infer.json

Same machine, encoder and texts, all in one run: the unlabelled test tweets of semeval2018-en and
Wikipedia comments; generated texts where they are not here. Each system has a process of its own,
loads once, and has its turn in every round; the figures are medians over the rounds. The pipeline
reads cleaned texts without the label words, which is less work; overtone cleans, tokenises, adds
the label words and decides. `st-int8` is sentence-transformers' own path (which SetFit's is, too):
exported by optimum, quantised dynamically, a linear head on its sentence vectors; it needs another
version of transformers, so an environment of its own:

    python -m venv st-venv
    st-venv/bin/pip install torch==2.13.0 'sentence-transformers[onnx]' 'transformers<5'

Where `--peer-python st-venv/bin/python` is not given, it is left out. Shares compare the products
of the encoder, counted from shapes, with the rate of one large product in float32 and of one in
bytes by the same kernels (ONNX Runtime's).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnx
import onnxruntime
import transformers
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load_file
from tokenizers import Tokenizer

import overtone
from overtone import atomic, data, models
from overtone import bundle as bundles
from overtone.bundle import TOKENIZER, WEIGHTS, Bundle
from overtone.errors import MissingDataError, OvertoneError
from overtone.inference.threads import share

PIPELINES = ("hf-1", "hf-8", "hf-32", "hf-32-sorted")
PEERS = (*PIPELINES, "st-int8")
OURS = (
    "torch-fp32", "torch-bf16", "onnx-fp32", "onnx-int8", "openvino-fp32", "openvino-bf16",
    "openvino-int8",
)  # fmt: skip
SYSTEM = Path(__file__).with_name("_infer_system.py")
TWEETS, COMMENTS = 3259, 5000
MATRIX = 2048
"""Rows of the product that is the yardstick; its columns and depth are a layer's."""


def main() -> None:
    """Measure, print a table, and write all figures where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="a run or bundle of spanemo; else one made of the sample")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("OVERTONE_DATA_DIR"))
    parser.add_argument("--tweets", type=int, default=TWEETS)
    parser.add_argument("--comments", type=int, default=COMMENTS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=(*PEERS, *OURS), default=(*PEERS, *OURS))
    parser.add_argument("--peer-python", help="of sentence-transformers' environment")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            figures = _measure(arguments, Path(folder))
    except OvertoneError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    _show(figures)
    if arguments.json:
        atomic.write_text(arguments.json, json.dumps(figures, indent=2) + "\n")


def _measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    transformers.utils.logging.disable_progress_bar()
    model = arguments.model or _quick(folder / "run")
    start = bundles.load(bundles.locate(model))
    (folder / "model").symlink_to(start.path.resolve(), target_is_directory=True)
    parity, left_out = _export(arguments.only, start, arguments.data_dir, folder)
    _write_peer(start, folder / "hf")
    corpora, real = _texts(arguments)
    (folder / "texts.json").write_text(json.dumps(corpora), encoding="utf-8")
    if "st-int8" in arguments.only and not arguments.peer_python:
        left_out["st-int8"] = "needs --peer-python"
    names = [name for name in arguments.only if name not in left_out]
    turns: dict[str, dict[str, list[dict[str, Any]]]] = {name: {} for name in names}
    rates: dict[str, list[float]] = {"fp32": [], "int8": []}
    pythons = {"st-int8": arguments.peer_python}
    systems = {name: _start(name, folder, pythons.get(name, sys.executable)) for name in names}
    loaded = {name: _read(system)["loaded_seconds"] for name, system in systems.items()}
    try:
        for number in range(arguments.rounds):
            for precision, found in rates.items():
                found.append(_matrix_rate(precision))
            for corpus in corpora:
                for name, system in systems.items():
                    turn = _ask(system, corpus)
                    turns[name].setdefault(corpus, []).append(turn)
                    speed = len(corpora[corpus]) / turn["seconds"]
                    print(f"round {number + 1}  {corpus}  {name}  {speed:.0f} texts/s",
                          file=sys.stderr)  # fmt: skip
    finally:
        for system in systems.values():
            system.kill()
            system.wait()
    work = {corpus: _work(start, corpora[corpus]) for corpus in corpora}
    matrix = {precision: median(found) for precision, found in rates.items()}
    return {
        "real_texts": real,
        "texts": {corpus: len(texts) for corpus, texts in corpora.items()},
        "cores": share(),
        "rounds": arguments.rounds,
        "matrix_operations_per_second": matrix,
        "left_out": left_out,
        "parity": parity,
        "loaded_seconds": loaded,
        "systems": {
            name: {
                corpus: _summary(name, found, len(corpora[corpus]), work[corpus], matrix)
                for corpus, found in by_corpus.items()
            }
            for name, by_corpus in turns.items()
        },
        "versions": {
            "onnxruntime": onnxruntime.__version__,
            "transformers": transformers.__version__,
        },
    }


def _quick(folder: Path) -> Path:
    """Train a model for a minute: what it says doesn't matter for its speed."""
    settings = ["training.epochs=1", "training.least_steps=0"]
    return overtone.train("sample", folder, config="best/spanemo", settings=settings).path


def _export(
    only: Sequence[str], start: Bundle, data_dir: Path | None, folder: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    """Export what is needed; return how far each is from the model, and why any can't be had."""
    parity: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for name in only:
        backend, _, precision = name.partition("-")
        stored = "fp32" if precision == "bf16" else precision
        if backend not in {"onnx", "openvino"} or f"{backend}-{stored}" in parity:
            continue
        try:
            made = overtone.export(
                start.path,
                folder / f"{backend}-{stored}",
                format=backend,  # type: ignore[arg-type]
                precision=stored,  # type: ignore[arg-type]
                data_dir=data_dir,
            )
        except OvertoneError as error:
            left_out[name] = str(error)
            continue
        parity[f"{backend}-{stored}"] = {**made.parity.to_json(), "megabytes": made.megabytes}
    return parity, left_out


def _write_peer(start: Bundle, folder: Path) -> None:
    """Save the encoder with a fresh linear head, as transformers loads it."""
    saved = dict(start.manifest.config["model"])
    model: Any = models.restore(saved.pop("name"), saved, start.manifest.architecture)
    models.load_weights(model, load_file(start.file(WEIGHTS)), start)
    config = model.encoder.config
    config.num_labels = len(start.manifest.labels)
    peer: Any = transformers.AutoModelForSequenceClassification.from_config(config)
    peer.base_model.load_state_dict(model.encoder.state_dict(), strict=False)
    peer.save_pretrained(folder)
    special = {"pad": "[PAD]", "cls": "[CLS]", "sep": "[SEP]", "unk": "[UNK]"}
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_file(str(start.file(TOKENIZER))),
        model_max_length=512,
        **{f"{kind}_token": token for kind, token in special.items()},
    ).save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    # Its older name, which other versions of transformers know as well.
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    path.write_text(json.dumps(config), encoding="utf-8")


def _texts(arguments: argparse.Namespace) -> tuple[dict[str, list[str]], dict[str, bool]]:
    """Return the texts by their kind, and whether they are real."""
    found, real = {}, {}
    rng = np.random.default_rng(0)
    try:
        split = data.load("semeval2018-en", "test", arguments.data_dir)
        tweets, real["tweets"] = list(split.texts), True
    except MissingDataError:
        tweets, real["tweets"] = _generated(TWEETS, 16, rng), False
    found["tweets"] = tweets[: arguments.tweets]
    file = Path(arguments.data_dir or ".") / "jigsaw" / "comments.csv"
    if file.is_file():
        with file.open(encoding="utf-8", newline="") as lines:
            rows = [row["comment_text"] for row in csv.DictReader(lines)]
        real["comments"] = True
    else:
        rows, real["comments"] = _generated(COMMENTS, 70, rng), False
    found["comments"] = rows[: arguments.comments]
    return {name: texts for name, texts in found.items() if texts}, real


def _generated(count: int, words: int, rng: np.random.Generator) -> list[str]:
    known = "the bus is late again and we will see a great day so happy sad fear joy people".split()  # noqa: SIM905
    lengths = np.maximum(rng.lognormal(np.log(words), 0.6, count).astype(int), 1)
    return [" ".join(rng.choice(known, length)) for length in lengths]


def _start(name: str, folder: Path, python: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own file
        [python, str(SYSTEM), name, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _ask(system: subprocess.Popen[str], corpus: str) -> dict[str, Any]:
    assert system.stdin is not None  # noqa: S101 - it was asked for
    system.stdin.write(f"{corpus}\n")
    system.stdin.flush()
    return _read(system)


def _read(system: subprocess.Popen[str]) -> dict[str, Any]:
    assert system.stdout is not None  # noqa: S101 - the same
    line = system.stdout.readline()
    if not line:
        raise OvertoneError(f"a system ended: {system.args!r}; run it by hand to see why")
    found: dict[str, Any] = json.loads(line)
    return found


def _work(start: Bundle, texts: Sequence[str]) -> dict[str, float]:
    """Return tokens, and operations of overtone's products, the pipeline's being about those."""
    shape = start.manifest.architecture
    width, wide, layers = (
        int(shape[key]) for key in ("hidden_size", "intermediate_size", "num_hidden_layers")
    )
    model = overtone.Predictor(start, lambda _: np.zeros((0, 0), np.float32))
    lengths, head = [], 0
    for batch in model.collated(texts, 8192):
        lengths += list(batch["attention_mask"].sum(axis=1))
        head = batch["label_pool"].shape[1]
    tokens: NDArray[np.float64] = np.asarray(lengths, dtype=np.float64)
    whole = tokens * (8 * width**2 + 4 * width * wide) + 4 * tokens**2 * width
    last = tokens * 4 * width**2 + head * (4 * width**2 + 4 * width * wide)
    last += 4 * head * tokens * width
    operations = (layers - 1) * whole.sum() + last.sum()
    return {
        "tokens": float(tokens.sum()),
        "text_tokens": float((tokens - head + 1).sum()),
        "operations": float(operations),
    }


def _summary(
    name: str,
    turns: Sequence[Mapping[str, float]],
    texts: int,
    work: Mapping[str, float],
    matrix: Mapping[str, float],
) -> dict[str, float | None]:
    """Return medians over the rounds; the share is of overtone's own work only."""
    seconds = median(turn["seconds"] for turn in turns)
    peer = name in PEERS
    precision = name.rpartition("-")[2]
    return {
        "texts_per_second": texts / seconds,
        "tokens_per_second": work["text_tokens" if peer else "tokens"] / seconds,
        "p50_ms": median(turn["p50_ms"] for turn in turns),
        "p99_ms": median(turn["p99_ms"] for turn in turns),
        "peak_mb": max(turn["peak_mb"] for turn in turns),
        "share_of_matrix_rate": None
        if peer or precision not in matrix
        else work["operations"] / seconds / matrix[precision],
    }


def _matrix_rate(precision: str) -> float:
    """Return the operations a second of one large product by ONNX Runtime, the best of five."""
    depth, columns = 384, 1536
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(depth, columns)).astype(np.float32)
    given: NDArray[Any] = rng.normal(size=(MATRIX, depth)).astype(np.float32)
    constants: dict[str, NDArray[Any] | np.generic] = {"w": weight}
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    kind = TensorProto.FLOAT
    if precision == "int8":
        kind, given = TensorProto.UINT8, rng.integers(0, 255, given.shape, dtype=np.uint8)
        constants = {
            "w": rng.integers(-127, 127, weight.shape, dtype=np.int8),
            "a": np.float32(0.1), "s": np.ones(columns, np.float32), "z": np.uint8(128),
        }  # fmt: skip
        node = helper.make_node(
            "MatMulIntegerToFloat", ["x", "w", "a", "s", "z"], ["y"], domain="com.microsoft"
        )
    graph = helper.make_graph(
        [node],
        "product",
        [helper.make_tensor_value_info("x", kind, ("n", depth))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    imports = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=imports, ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = share()
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    best = float("inf")
    for _ in range(6):
        start = time.perf_counter()
        session.run(None, {"x": given})
        best = min(best, time.perf_counter() - start)
    return 2 * MATRIX * depth * columns / best


def _show(figures: Mapping[str, Any]) -> None:
    """Print the figures as a Markdown table, and what was left out."""
    systems = figures["systems"]
    rates = figures["matrix_operations_per_second"]
    print(
        f"{figures['cores']} cores, ONNX Runtime {figures['versions']['onnxruntime']}, "
        f"transformers {figures['versions']['transformers']}, medians of {figures['rounds']} "
        f"rounds; matrix rate {rates['fp32'] / 1e9:.0f} GFLOP/s in float32, "
        f"{rates['int8'] / 1e9:.0f} G/s in bytes\n"
    )
    for corpus, count in figures["texts"].items():
        kind = "" if figures["real_texts"][corpus] else "GENERATED "
        best = max(
            (
                found[corpus]["texts_per_second"]
                for name, found in systems.items()
                if name in PIPELINES
            ),
            default=None,
        )
        print(f"{count} {kind}{corpus}\n")
        heads = (
            "system", "texts/s", "by the best pipeline", "tokens/s", "p50 ms", "p99 ms", "peak MB",
            "of the matrix rate",
        )  # fmt: skip
        print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
        for name, found in systems.items():
            row = found[corpus]
            share = row["share_of_matrix_rate"]
            cells = (
                name, f"{row['texts_per_second']:.0f}",
                "n/a" if best is None else f"{row['texts_per_second'] / best:.2f}",
                f"{row['tokens_per_second']:.0f}", f"{row['p50_ms']:.1f}", f"{row['p99_ms']:.1f}",
                f"{row['peak_mb']:.0f}", "" if share is None else f"{share:.0%}",
            )  # fmt: skip
            print(f"| {' | '.join(cells)} |")
        print()
    for name, found in figures["parity"].items():
        print(
            f"{name}: {found['megabytes']} MB, largest difference "
            f"{found['largest_difference']:.2g}, {found['share_flipped']:.2%} of labels flipped "
            f"on {found['texts_of']}"
        )
    for name, why in figures["left_out"].items():
        print(f"left out: {name}: {why}")


if __name__ == "__main__":
    main()
