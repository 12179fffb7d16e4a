"""Hugging Face's Trainer, an encoder and a linear layer: padded to the maximum, or as it can.

Source: transformers' examples/pytorch/text-classification/run_classification.py, which pads all to
one length unless told otherwise, with the Trainer's own defaults; and the Trainer's best, padding
to the longest of a batch of like lengths.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from _epoch import BATCH, CLIP, LENGTH, Epoch, Task, watched
from _flops import STEP, Shape, class_head, encoder, synchronise
from tokenizers import Tokenizer
from torch.utils.data import Sampler
from transformers import (
    AutoModelForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    default_data_collator,
)
from transformers.trainer_pt_utils import LengthGroupedSampler, get_length_grouped_indices

WINDOW = 50
"""Batches that the Trainer sorts by length together, where it has enough; see `_Grouped`."""


def epoch(task: Task, *, dynamic: bool) -> Epoch:
    """Train for one epoch and measure it.

    Args:
        task: what is trained on.
        dynamic: whether to pad to the longest of a batch, and to group texts by length.

    """
    torch.manual_seed(0)
    pretrained, saved = task.load_encoder()
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(saved), **special)
    model = _classifier(pretrained, len(task.labels))
    rows = _rows(task, tokenizer, dynamic=dynamic)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            num_train_epochs=1,
            per_device_train_batch_size=BATCH,
            max_grad_norm=CLIP,
            train_sampling_strategy="group_by_length" if dynamic else "random",
            bf16=task.precision == "bf16",
            use_cpu=task.device.type == "cpu",
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=0,
        )
        clock = _Clock(task.device)
        trainer = (_Grouped if dynamic else Trainer)(
            model,
            arguments,
            # Without a collator, the Trainer's own pads to the longest of a batch.
            data_collator=None if dynamic else default_data_collator,
            train_dataset=rows,
            processing_class=tokenizer,
            callbacks=[clock],
        )
        trainer.remove_callback(PrinterCallback)
        with watched(model) as seen:
            trainer.train()
    seen.check(len(rows))
    shape, labels = Shape.of(pretrained.config), len(task.labels)
    flops = sum(
        encoder(shape, texts, length) + class_head(shape, texts, labels)
        for texts, length in seen.shapes
    )
    tokens = sum(sum(row["attention_mask"]) for row in rows)
    return Epoch(clock.seconds, len(rows), tokens, seen.tokens, STEP * flops)


class _Grouped(Trainer):
    """The Trainer with the padding that it has on a whole dataset.

    From few texts it makes four windows, which pads 15 % where a whole train split has 3 %.
    """

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:  # noqa: ANN401
        sampler = super()._get_train_sampler(train_dataset)
        assert isinstance(sampler, LengthGroupedSampler)  # noqa: S101 - what its arguments say
        return _Window(sampler.batch_size, lengths=sampler.lengths)


class _Window(LengthGroupedSampler):
    def __iter__(self) -> Iterator[int]:
        return iter(get_length_grouped_indices(self.lengths, self.batch_size, WINDOW))


class _Clock(TrainerCallback):
    """Measures the epoch: what comes before it (the optimiser, the sampler) is left out."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds = 0.0

    def on_epoch_begin(self, *_: object, **__: object) -> None:
        synchronise(self.device)
        self.seconds = -time.perf_counter()

    def on_epoch_end(self, *_: object, **__: object) -> None:
        synchronise(self.device)
        self.seconds += time.perf_counter()


def _classifier(pretrained: PreTrainedModel, labels: int) -> PreTrainedModel:
    """Return transformers' classifier with the weights of an encoder."""
    config = pretrained.config
    config.num_labels = labels
    config.problem_type = "multi_label_classification"
    model: PreTrainedModel = AutoModelForSequenceClassification.from_config(config)
    # Not strict: the classifier's pooler stays random.
    model.base_model.load_state_dict(pretrained.state_dict(), strict=False)
    return model


def _rows(
    task: Task, tokenizer: PreTrainedTokenizerFast, *, dynamic: bool
) -> Sequence[dict[str, Any]]:
    encoded = tokenizer(
        task.texts, padding=False if dynamic else "max_length", max_length=LENGTH, truncation=True
    )
    return [
        {key: values[place] for key, values in encoded.items()} | {"labels": targets}
        for place, targets in enumerate(task.targets.tolist())
    ]
