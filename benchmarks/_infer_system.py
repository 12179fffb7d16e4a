"""One system of infer.py in its own process: loads once, then does what each line of input says."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Answer = Callable[[Sequence[str]], object]

SINGLE = 200
"""Texts that are answered one by one for p50 and p99."""
WARM_UP = 64


def main() -> None:
    """Load the system that the arguments name, and measure whenever a line comes in."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    start = time.perf_counter()
    answer = _system(name, folder)
    corpora = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    first = next(iter(corpora.values()))
    answer(first[:1])
    loaded = time.perf_counter() - start
    answer(first[:WARM_UP])
    _say({"loaded_seconds": loaded})
    for line in sys.stdin:
        _say(_measure(answer, corpora[line.strip()]))


def _measure(answer: Answer, texts: Sequence[str]) -> dict[str, Any]:
    start = time.perf_counter()
    answer(texts)
    seconds = time.perf_counter() - start
    single = []
    for text in texts[:SINGLE]:
        begun = time.perf_counter()
        answer([text])
        single.append(time.perf_counter() - begun)
    p50, p99 = np.quantile(single, (0.5, 0.99)) * 1000
    return {"seconds": seconds, "p50_ms": float(p50), "p99_ms": float(p99), "peak_mb": _peak()}


def _peak() -> float:
    """Return the process's peak memory in MB; getrusage would say what it had before it began."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1e3
    return float("nan")


def _system(name: str, folder: Path) -> Answer:
    kind, *options = name.split("-")
    if kind == "hf":
        return _pipeline(folder, int(options[0]), by_length="sorted" in options)
    if kind == "st":
        return _sentence_transformers(folder)
    import overtone  # noqa: PLC0415 - not in the peers' processes

    backend, precision = kind, options[0]
    if backend == "torch":
        model = overtone.load(folder / "model", backend="torch", device="cpu", precision=precision)
    elif precision == "bf16":
        path = folder / f"{backend}-fp32"
        model = overtone.load(path, backend=backend, precision=precision)
    else:
        model = overtone.load(folder / f"{backend}-{precision}", backend=backend)
    return model.predict


def _pipeline(folder: Path, batch_size: int, *, by_length: bool) -> Answer:
    import transformers  # noqa: PLC0415 - not in the processes that are free of it

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    pipe = transformers.pipeline(
        "text-classification",
        model=str(folder / "hf"),
        tokenizer=str(folder / "hf"),
        device="cpu",
        top_k=None,
        function_to_apply="sigmoid",
    )

    def answer(texts: Sequence[str]) -> object:
        given = sorted(texts, key=len, reverse=True) if by_length else list(texts)
        return pipe(given, batch_size=batch_size, truncation=True, max_length=128)

    return answer


def _sentence_transformers(folder: Path) -> Answer:
    from sentence_transformers import (  # noqa: PLC0415 - in an environment of its own
        SentenceTransformer,
        export_dynamic_quantized_onnx_model,
    )

    opened: dict[str, Any] = {"provider": "CPUExecutionProvider"}
    plain = SentenceTransformer(
        str(folder / "hf"), backend="onnx", device="cpu", model_kwargs=opened
    )
    plain.save_pretrained(str(folder / "st"))
    export_dynamic_quantized_onnx_model(plain, "avx512_vnni", str(folder / "st"))
    opened["file_name"] = "onnx/model_qint8_avx512_vnni.onnx"
    model = SentenceTransformer(
        str(folder / "st"), backend="onnx", device="cpu", model_kwargs=opened
    )
    model.max_seq_length = 128
    labels = json.loads((folder / "hf" / "config.json").read_text(encoding="utf-8"))["id2label"]
    width = int(model.get_sentence_embedding_dimension() or 0)
    head = np.random.default_rng(0).normal(size=(width, len(labels))).astype(np.float32)

    def answer(texts: Sequence[str]) -> object:
        vectors = model.encode(list(texts), batch_size=32, show_progress_bar=False)
        return vectors @ head > 0

    return answer


def _say(content: dict[str, Any]) -> None:
    print(json.dumps(content), flush=True)


if __name__ == "__main__":
    main()
