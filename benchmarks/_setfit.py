"""SetFit on a few examples, in an environment of its own: few_shot.py calls it, nobody else.

    PYTHON _setfit.py REQUEST ANSWER

REQUEST and ANSWER are JSON files, so that the two environments share no package. SetFit is used as
its documentation says for several labels a text: a sentence encoder tuned on pairs of the examples,
a pair being alike where the two share a label, then a logistic regression a label on its vectors.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any


def main() -> None:
    """Train on REQUEST's examples and write what is said of its other texts."""
    request, answer = map(Path, sys.argv[1:])
    answer.write_text(
        json.dumps(answered(json.loads(request.read_text(encoding="utf-8")))), encoding="utf-8"
    )


def answered(request: dict[str, Any]) -> dict[str, Any]:
    """Return the probabilities (n, C) of a request's texts, the seconds of training, versions."""
    # Imported here: nothing but this environment has them.
    from datasets import Dataset  # noqa: PLC0415
    from setfit import SetFitModel, Trainer, TrainingArguments  # noqa: PLC0415

    examples = Dataset.from_dict({"text": request["texts"], "label": request["targets"]})
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        model = SetFitModel.from_pretrained(
            request["encoder"], multi_target_strategy=request["strategy"], device="cpu"
        )
        arguments = TrainingArguments(
            output_dir=folder,
            max_steps=request["max_steps"],
            seed=request["seed"],
            report_to="none",
            save_strategy="no",
            show_progress_bar=False,
        )
        trainer = Trainer(model=model, args=arguments, train_dataset=examples)
        trainer.train()
        seconds = time.perf_counter() - start
        found = model.predict_proba(request["scored"], as_numpy=True)
    packages = ("setfit", "sentence-transformers", "transformers", "torch", "scikit-learn")
    return {
        "probabilities": found.tolist(),
        "steps": trainer.st_trainer.state.global_step,
        "seconds": seconds,
        "versions": {name: version(name) for name in packages},
    }


if __name__ == "__main__":
    main()
