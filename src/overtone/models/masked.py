"""A masked-language model: an encoder that learns from texts without labels, and its head.

Source: Devlin et al., BERT (NAACL 2019), section 3.1, and for texts of the task at hand Gururangan
et al., Don't Stop Pretraining (ACL 2020), section 4. No plugin: it gives no logits of labels. The
head is transformers' own for the encoder's family, with the checkpoint's weights where it has them
and else new ones; its last layer shares its weights with the word embeddings. It sees hidden tokens
only: at the others, the product with the vocabulary would be most of the work.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn
from transformers import AutoModelForMaskedLM, PreTrainedModel, PreTrainedTokenizerFast
from transformers.modeling_outputs import BaseModelOutput

from overtone.errors import InputError
from overtone.models import _sources, encoders
from overtone.models._on_encoder import EncoderConfig, OnEncoder

log = logging.getLogger(__name__)

FOLDER = _sources.ADAPTED
"""Where in a run's folder the encoder goes, so that the run's name is an encoder's."""


@dataclass(frozen=True)
class Pretrained:
    """A masked-language model to train."""

    model: MaskedLanguage
    tokenizer: PreTrainedTokenizerFast
    limit: int
    """The most tokens in one row."""

    def save(self, folder: Path) -> None:
        """Write encoder and tokenizer into a folder, in Hugging Face format, without the head."""
        self.model.encoder.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


class MaskedLanguage(OnEncoder):
    """An encoder and what finds hidden tokens."""

    def __init__(self, encoder: PreTrainedModel, head: nn.Module, config: EncoderConfig) -> None:
        """Join an encoder and a head that shares weights with it."""
        super().__init__(encoder, config)
        self.head = nn.Sequential(head)
        # A file of safetensors takes no tensor twice.
        self.register_state_dict_post_hook(_drop_shared)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_add_shared)  # type: ignore[no-untyped-call]

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor,
        places: Tensor,
        cells: Tensor,
        wanted: Tensor,
        most: Tensor,
    ) -> Tensor:
        """Return the cross-entropy of each hidden token, (B, K), 0 in cells that have none.

        Args:
            input_ids: (B, L).
            attention_mask: (B, L), 0 at padding.
            token_type_ids: (B, L); encoders without segments don't see them.
            places: (M,) where the hidden tokens stand among the B x L.
            cells: (M,) which of the B x K are theirs.
            wanted: (M,) the tokens themselves.
            most: (K,) of any content.

        """
        hidden = self.hidden(input_ids, attention_mask, token_type_ids)  # (B, L, H)
        logits = self.head(hidden.flatten(0, 1)[places])  # (M, V)
        found = F.cross_entropy(logits.float(), wanted, reduction="none")
        size = len(input_ids) * len(most)
        blank = torch.zeros(size, dtype=found.dtype, device=found.device)
        return blank.index_put((cells,), found).view(len(input_ids), len(most))

    def merge(self, folder: Path | None) -> None:  # noqa: ARG002
        """Put low-rank updates into the weights; without this head, they are no use alone."""
        super().merge(None)

    def groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Return the trained parameters of the encoder, and those that are the head's alone."""
        encoder, head = super().groups()
        shared = set(map(id, self.encoder.parameters()))
        return encoder, [given for given in head if id(given) not in shared]


class Head(nn.Module):
    """Scores of all tokens at some places, by a masked-language model without its encoder."""

    def __init__(self, whole: PreTrainedModel) -> None:
        """Take the encoder out of a model."""
        super().__init__()
        setattr(whole, whole.base_model_prefix, _Given())
        self.whole = whole

    def forward(self, states: Tensor) -> Tensor:
        """Return logits (M, V) of an encoder's hidden states (M, H)."""
        found: Tensor = self.whole(inputs_embeds=states[None]).logits[0]
        return found


class _Given(nn.Module):
    """Stands where the encoder stood, and hands on what the encoder has found."""

    def forward(self, *_: object, inputs_embeds: Tensor, **__: object) -> BaseModelOutput:
        return BaseModelOutput(last_hidden_state=inputs_embeds)


def load(name: str, *, train_embeddings: bool, freeze_layers: int) -> Pretrained:
    """Load an encoder with a head for hidden tokens; torch's generator makes a new head.

    Args:
        name: `minilm`, a folder, or a name on the hub.
        train_embeddings: whether word embeddings are trained too.
        freeze_layers: the first layers that are not trained, nor the embeddings then.

    Raises:
        InputError: there is no such encoder, or none that learns from hidden tokens.

    """
    if name.startswith("random/"):
        raise InputError(f"expected an encoder to adapt, found {name}, whose weights are random")
    whole, tokenizer, missing = encoders.pretrained(name, AutoModelForMaskedLM, {})
    prefix = f"{whole.base_model_prefix}."
    inside = {key.removeprefix(prefix) for key in missing if key.startswith(prefix)}
    encoders.check_whole(name, inside)
    if len(inside) < len(missing):
        log.info(
            "%s comes without a head for hidden tokens: it gets a new one, which shares the word "
            "embeddings",
            name,
        )
    encoder = whole.base_model
    assert isinstance(encoder, PreTrainedModel)  # noqa: S101 - AutoModel gives no other
    head = Head(whole)
    _check(name, encoder, head)
    config = EncoderConfig(
        encoder=name, train_embeddings=train_embeddings, freeze_layers=freeze_layers
    )
    limit = encoders.limit(encoder, tokenizer)
    return Pretrained(MaskedLanguage(encoder, head, config), tokenizer, limit)


def _check(name: str, encoder: PreTrainedModel, head: Head) -> None:
    """Refuse a head that needs more than the encoder's hidden states."""
    try:
        with torch.no_grad():
            found = head(torch.zeros(1, encoders.width(encoder)))
        fits = found.shape == (1, encoder.config.vocab_size)
    except encoders.UNUSABLE:
        fits = False
    if not fits:
        raise InputError(
            f"expected an encoder with a masked-language head such as BERT's, found "
            f"{encoder.config.model_type} at {name!r}: it can't be adapted here, only trained"
        )


def _shared(model: nn.Module) -> dict[str, str]:
    """Return the names under which a parameter stands once more, and its first name."""
    first: dict[int, str] = {}
    pairs = model.named_parameters(remove_duplicate=False)
    names = [(name, first.setdefault(id(given), name)) for name, given in pairs]
    return {name: before for name, before in names if name != before}


def _drop_shared(model: nn.Module, tensors: dict[str, Any], prefix: str, _: object) -> None:
    for name in _shared(model):
        del tensors[prefix + name]


def _add_shared(model: nn.Module, tensors: Mapping[str, Any], prefix: str, *_: object) -> None:
    for name, before in _shared(model).items():
        tensors[prefix + name] = tensors[prefix + before]  # type: ignore[index]
