"""The highest response of tall filters is that of the convolution, whichever way it is computed."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from moodrec.model import tall_filters
from moodrec.model.tall_filters import highest_response


@pytest.mark.parametrize("n_mels", [40, 41])
@pytest.mark.parametrize("height", [1, 16, 27, 40])
@pytest.mark.parametrize(("length", "frames"), [(7, 50), (7, 1), (1, 16)])
def test_it_is_the_maximum_of_the_convolution(n_mels: int, height: int, length: int, frames: int) -> None:
    torch.manual_seed(0)
    mel, filters = torch.randn(3, 1, n_mels, frames + length - 1), torch.randn(5, 1, height, length)
    expected = F.conv2d(mel, filters).amax(2)
    torch.testing.assert_close(highest_response(mel, filters), expected, atol=1e-4, rtol=1e-5)


def test_a_filter_finds_itself_wherever_it_lies() -> None:
    shape = torch.rand(20, 3)
    mel = torch.zeros(1, 1, 48, 30)
    mel[0, 0, 25:45, 10:13] = shape
    response = highest_response(mel, shape[None, None])
    assert response.shape == (1, 1, 28)
    assert response.argmax() == 10
    torch.testing.assert_close(response.max(), shape.square().sum())


def test_gradients_are_those_of_the_convolution() -> None:
    torch.manual_seed(0)
    mel, filters = torch.randn(2, 1, 32, 20), torch.randn(4, 1, 20, 7, requires_grad=True)
    (ours,) = torch.autograd.grad(highest_response(mel, filters).square().sum(), filters)
    (theirs,) = torch.autograd.grad(F.conv2d(mel, filters).amax(2).square().sum(), filters)
    torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-4)


def test_under_autocast_it_is_the_convolution_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(tall_filters, "_spectra")
    mel, filters = torch.rand(1, 1, 32, 20), torch.rand(4, 1, 20, 7)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(highest_response(mel, filters), F.conv2d(mel, filters).amax(2))
