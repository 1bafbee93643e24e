"""Weights of a model folder, which may be a stranger's, go into a network that is no larger than their file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from moodrec.errors import CorruptStoreError

_DENSEST: Final = 4
"""A number takes at least a byte in the file, and four in the network."""
_SLACK: Final = 1 << 20


@contextmanager
def no_larger_than(weights: bytes, place: object) -> Iterator[None]:
    """Refuse to build a network inside a ``with`` block that has more weights than a file can hold.

    The sizes in a description are a stranger's too; a parameter that is too large is refused before its memory is
    touched.

    Args:
        weights: the file of weights.
        place: the model's folder, for the message.

    Raises:
        CorruptStoreError: the network is larger, or there is no memory for it.
    """
    here, left = threading.get_ident(), _DENSEST * len(weights) + _SLACK
    refused = CorruptStoreError(f"{place}: the weights do not fit the description: it needs far more of them")

    def count(_: nn.Module, __: str, parameter: nn.Parameter | None) -> None:
        nonlocal left
        if parameter is not None and threading.get_ident() == here:
            left -= parameter.numel() * parameter.element_size()
            if left < 0:
                raise refused

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    except (RuntimeError, MemoryError, OverflowError) as error:
        raise CorruptStoreError(
            f"{place}: the network that it describes cannot be built ({_short(error)})"
        ) from None
    finally:
        handle.remove()


def put_weights(network: nn.Module, weights: bytes, place: object) -> None:
    """Copy weights into a network.

    Args:
        network: the network that they belong to.
        weights: the file of weights.
        place: the model's folder, for messages.

    Raises:
        CorruptStoreError: they do not fit, or are not finite, or a variance is negative.
    """
    try:
        state = safetensors.torch.load(weights)
        network.load_state_dict(state)
    except (SafetensorError, RuntimeError, ValueError, KeyError, AttributeError) as error:
        raise CorruptStoreError(f"{place}: the weights do not fit the description: {_short(error)}") from None
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise CorruptStoreError(f"{place}: the weights {name} hold numbers that are not finite")
        if name.endswith("running_var") and bool((tensor < 0).any()):
            raise CorruptStoreError(f"{place}: the weights {name} hold variances below zero")


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
