"""Weights in 8 bits."""

import pytest
import torch

from core.config import TrainConfig
from core.kv_cache import CachedDecoder, decoder_for
from core.pretrained.rounded import int8
from core.training import train


def test_eight_bits_a_weight_write_with_the_cache_and_change_the_loss_little(tiny_model):
    model = tiny_model(n_embd=96)
    list(train(model, torch.arange(3000) % 11, TrainConfig(steps=60, batch_size=8, warmup_steps=2)))
    idx = torch.arange(4 * 9).view(4, 9) % 11
    rounded = int8(model)
    x, y = idx[:, :-1], idx[:, 1:]
    with torch.no_grad():
        assert float(rounded(x, y)[1]) == pytest.approx(float(model.eval()(x, y)[1]), abs=0.05)
        reader = decoder_for(rounded)
        assert type(reader) is CachedDecoder
        for ids in ([1, 2, 3], [4], [5]):
            reader.read(ids)
        # Activations are rounded by what else stands in the same call, so rows one by one differ a little.
        expected = rounded(torch.tensor([[1, 2, 3, 4, 5, 6]]))[0][0, -1]
        torch.testing.assert_close(reader.read([6]), expected, atol=0.3, rtol=0)
    assert all(p.dtype == torch.float32 for p in model.parameters())  # the model itself is as it was
