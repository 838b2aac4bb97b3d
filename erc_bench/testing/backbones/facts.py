"""Checks of a backbone's declarations: its mask, its maximum length, its size, its identity."""

from __future__ import annotations

from typing import Any

from erc_bench.contracts.encoder import TokenRow
from erc_bench.testing.backbones.backbone_runs import BackboneSubject, evaluated
from erc_bench.testing.findings import Check, NotApplicableError

_SIZE_TOLERANCE = 0.05
"""A published number may count a pooler or a table that is left out."""
_HEADERS = 10_000
"""Numbers that a pickled file's own bytes may be taken for."""


def _mask(subject: BackboneSubject) -> str:
    tokenizer = subject.loaded.tokenizer
    mask = tokenizer.mask_token
    if mask is None:
        return f"it has no mask token: an encoder must read elsewhere{subject.place}"
    vocabulary = subject.loaded.model.get_input_embeddings().num_embeddings
    assert tokenizer.mask_token_id < vocabulary, f"its mask has the id {tokenizer.mask_token_id}, beyond {vocabulary}"
    ids = tokenizer(f"She feels {mask} now")["input_ids"]
    found = ids.count(tokenizer.mask_token_id)
    assert found == 1, f"the mask {mask} is found {found} times in a row that holds it once"
    without = tokenizer("She feels now")["input_ids"]
    assert len(ids) == len(without) + 1, f"the mask {mask} takes {len(ids) - len(without)} tokens with its space"
    return f"{mask} is one token, {tokenizer.mask_token_id}, and is found once where it stands{subject.place}"


def _maximum_length(subject: BackboneSubject) -> str:
    loaded = subject.loaded
    longest, tokenizer = loaded.maximum_length, loaded.tokenizer
    assert longest > 0, f"it says that it reads {longest} tokens"
    limit = tokenizer.model_max_length
    assert longest <= limit, f"it says that it reads {longest} tokens, its tokenizer cuts at {limit}"
    try:
        states = evaluated(loaded, [_row(tokenizer, longest)])
    except (IndexError, RuntimeError) as error:
        raise AssertionError(f"it says that it reads {longest} tokens, and a row of them fails: {error}") from error
    assert states.isfinite().all(), f"a row of {longest} tokens has states that are not finite"
    return f"a row of {longest} tokens has finite states{subject.place}"


def _size(subject: BackboneSubject) -> str:
    backbone = subject.component(subject.options)
    numbers = sum(parameter.numel() for parameter in subject.loaded.model.parameters())
    said: dict[str, Any] = {"size()": backbone.size()}
    # The declared number speaks of the weights that the defaults name.
    by_default = subject.own_weights and subject.options == subject.component.Options()
    if by_default and subject.component.parameters is not None:
        said["parameters"] = subject.component.parameters
    known = {what: count for what, count in said.items() if count is not None}
    if not known:
        raise NotApplicableError("it does not say how large it is before it is loaded")
    for what, count in known.items():
        near = abs(count - numbers) <= _SIZE_TOLERANCE * numbers + _HEADERS
        assert near, f"{what} says {count:,} parameters, the loaded model has {numbers:,}"
    return f"{', '.join(f'{what} {count:,}' for what, count in known.items())}; loaded {numbers:,}{subject.place}"


def _identity(subject: BackboneSubject) -> str:
    assert subject.loaded is not None
    first, second = (subject.component(subject.options).identity() for _ in range(2))
    assert first, "identity() is empty"
    assert first == second, f"identity() is {first!r} and then {second!r}: nothing can be resumed or compared"
    return f"twice {first!r}{subject.place}"


def _row(tokenizer: Any, length: int) -> TokenRow:
    """Return a row of exactly so many tokens, special ones at its ends where there are any."""
    ends = tokenizer("")["input_ids"]
    words = tokenizer("home", add_special_tokens=False)["input_ids"][:1]
    middle = words * (length - len(ends))
    return TokenRow([*ends[:1], *middle, *ends[1:]], range(length))


FACT_CHECKS: tuple[Check[BackboneSubject], ...] = (
    Check(
        "mask token",
        "A sentence with the mask is tokenised.",
        "EACL's code adds a mask that RoBERTa already has and looks for the id after it, which no row holds.",
        _mask,
    ),
    Check(
        "maximum length",
        "A row of the declared maximum length is encoded.",
        "RoBERTa's table of 514 positions holds 512 tokens: one more fails in the middle of a run, or is cut.",
        _maximum_length,
    ),
    Check(
        "size",
        "The number of parameters that it tells before loading is compared with what was loaded.",
        "It decides the training regime, and with it learning rates and epochs.",
        _size,
    ),
    Check(
        "identity",
        "It is asked twice which version of the weights it is.",
        "Cached features and unfinished runs are found again by it; one that changes mixes two backbones.",
        _identity,
    ),
)
