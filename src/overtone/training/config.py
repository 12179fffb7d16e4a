"""How a model is trained: the options of `[training]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from overtone.config import Count, NotNegative, Range, Share


@dataclass(frozen=True, kw_only=True)
class Config:
    """How a model is trained."""

    epochs: Count = 5
    """Most epochs."""
    least_steps: Annotated[int, Range(0)] = 0
    """Steps of the optimiser below which training doesn't end: of a small dataset there are more
    epochs than `epochs`, as many as that takes. 0 is off."""
    batch_size: Count = 32
    """Texts a step of the optimiser, over all processes: the effective batch."""
    batch_tokens: Count = 8192
    """Most tokens that go through the model at once, padding counted. A batch with more is cut, and
    the gradients of its parts are added up: they are those of the whole."""
    window: Count = 20
    """Batches' worth of texts that are sorted by length together; 1 leaves the order random."""
    optimizer: Literal["adamw", "adam", "adadelta"] = "adamw"
    """AdamW; Adam, or for its CNN Adadelta, as in the report."""
    learning_rate: NotNegative = 1e-4
    """Of the encoder, at its highest."""
    head_learning_rate: NotNegative = 1e-3
    """Of the head, at its highest."""
    weight_decay: NotNegative = 0.01
    """AdamW's decay of weight matrices; biases and normalisation are left alone."""
    layer_decay: Share = 1.0
    """Each layer of the encoder has this times the learning rate of the layer above it, and the
    embeddings this times the first layer's; the last one has all of it. 1 is off."""
    warmup: Share = 0.1
    """Share of the steps over which the learning rates rise from 0."""
    schedule: Literal["linear", "constant"] = "linear"
    """What the learning rates do after that: fall to 0, or stay."""
    clip: NotNegative = 1.0
    """Largest norm of a step's gradient; 0 leaves it alone."""
    average: Annotated[float, Range(0, 0.9999)] = 0.0
    """Decay a step of a moving average of the weights, which is what is scored and kept; 0 is off.
    0.995 averages over the last two hundred steps."""
    average_warmup: bool = False
    """Whether that decay starts small and grows to `average`, so that a training of few steps does
    not end with the weights that it began with."""
    soup: Annotated[int, Range(1, 100)] = 1
    """Trainings from the same first weights, each with another order and other dropout, the mean of
    whose best weights is the model; each takes as long as one. 1 is off."""
    learn_dev: bool = False
    """Whether a soup learns dev, too: each of its trainings all of it but a part of its own, which
    chooses its epoch. What each says of its part is what calibration and decision are fitted on,
    and what is scored; the model itself can't be scored on dev any more."""
    rdrop: NotNegative = 0.0
    """Weight of R-Drop: each text goes through the model twice, with other dropout, and how far the
    two differ is added to the loss; 0 is off."""
    adversarial: NotNegative = 0.0
    """Length of what is added to each row's word embeddings in a second pass, in the direction in
    which the loss rises; 0 is off."""
    random_labels: Annotated[int, Range(0)] = 0
    """Most labels that a step asks for: some at random, in random order, by their names or other
    words, so that the model learns to read labels that it never saw. 0 asks for all by name."""
    metric: Literal["jaccard", "jaccard_zero", "f1_micro", "f1_macro", "loss"] = "jaccard"
    """What is best on dev chooses the weights that are kept."""
    keep: Literal["best", "last"] = "best"
    """Which epoch's weights are kept. The last one needs no choice, which is luck where dev, or
    with `learn_dev` a training's part of it, is small; scores on dev flatter less then."""
    patience: Annotated[int, Range(0)] = 4
    """Epochs without a better metric after which training stops; 0 never stops early, nor does it
    where the last epoch is kept."""
    most_skipped: Count = 10
    """Steps in a row without a finite loss and gradient after which training stops; each of them is
    skipped and counted."""
    device: Literal["auto", "cpu"] = "auto"
    """`auto` takes CUDA or MPS where there is one."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Of the matrix products; weights stay in fp32. `auto` is bf16 for encoders on hardware that
    multiplies it faster, else fp32."""
    memory_gb: NotNegative = 0.0
    """Most memory for training, in GB (10^9 bytes): the process's on a CPU, torch's on a GPU; 0
    takes what there is. `batch_tokens` is lowered to what fits."""
    gradient_checkpointing: bool = False
    """Whether the layers' inner states are computed again in the backward pass in place of being
    kept: much less memory for about a third more time."""
    lora: Annotated[int, Range(0)] = 0
    """Rank of low-rank updates that are trained in place of the encoder's weights; 0 trains those
    themselves. Wants a learning rate about ten times as high."""
    lora_alpha: NotNegative = 16.0
    """Low-rank updates are scaled by this over their rank."""
    shard: bool = False
    """Experimental. Whether each of several processes holds a part of the weights, gradients and
    moments in place of all of them: for a model that doesn't fit one device."""
    checkpoint_steps: Annotated[int, Range(0)] = 0
    """Steps between checkpoints; 0 spaces them so that they take at most 2 % of the time."""
    seed: Annotated[int, Range(0, 2**63 - 1)] = 0
    """Of the head's first weights, dropout and the order of the texts."""
