"""The study's progressive GAN in plain PyTorch, written from its description for this test; sizes are arguments.

Names of parameters are ours, so that state dictionaries fit. `fade` is the weight of the newest block."""
import math

import torch
from torch import nn
from torch.nn import functional as F

SLOPE = 0.2


class Scaled(nn.Module):
    """A layer of unit weights whose whole output, bias included, is multiplied by sqrt(2 / fan-in)."""

    def __init__(self, *weight_shape):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(weight_shape))
        self.bias = nn.Parameter(torch.zeros(weight_shape[0]))
        self.scale = math.sqrt(2 / math.prod(weight_shape[1:]))

    def forward(self, x):
        if self.weight.ndim == 2:
            return F.linear(x, self.weight, self.bias) * self.scale
        return F.conv2d(x, self.weight, self.bias, padding=self.weight.shape[2] // 2) * self.scale


def activated(x):
    return F.leaky_relu(x, SLOPE)


def pixel_norm(x):
    return x * torch.rsqrt((x * x).mean(1, keepdim=True) + 1e-8)


def stddev_plane(x, group=4):
    """Consecutive groups (the whole batch where it does not divide), unbiased variance, one number per group."""
    n, c, h, w = x.shape
    if n < group or n % group:
        group = n
    if group == 1:
        return torch.zeros_like(x[:, :1])
    y = x.view(n // group, group, c, h, w)
    y = torch.sqrt(y.var(1, unbiased=True) + 1e-8).mean((1, 2, 3))
    return y.repeat_interleave(group).view(n, 1, 1, 1).expand(n, 1, h, w)


class Generator(nn.Module):
    def __init__(self, channels, latent, image_channels=1):
        super().__init__()
        c = channels
        self.first = c[0]
        self.block0 = nn.ModuleDict({"format": Scaled(16 * c[0], latent), "conv": Scaled(c[0], c[0], 3, 3)})
        for i in range(1, len(c)):
            setattr(self, f"block{i}", nn.ModuleDict({"conv0": Scaled(c[i], c[i - 1], 3, 3), "conv1": Scaled(c[i], c[i], 3, 3)}))
        for i in range(len(c)):
            setattr(self, f"image{i}", nn.ModuleDict({"conv": Scaled(image_channels, c[i], 1, 1)}))

    def forward(self, z, stage, fade):
        x = activated(self.block0["format"](pixel_norm(z)))
        x = pixel_norm(x.view(-1, self.first, 4, 4))
        x = pixel_norm(activated(self.block0["conv"](x)))
        for i in range(1, stage + 1):
            before = x
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            for name in ("conv0", "conv1"):
                x = pixel_norm(activated(getattr(self, f"block{i}")[name](x)))
        out = getattr(self, f"image{stage}")["conv"](x)
        if stage > 0 and fade < 1:
            old = getattr(self, f"image{stage - 1}")["conv"](before)
            out = (1 - fade) * F.interpolate(old, scale_factor=2, mode="nearest") + fade * out
        return out


class Critic(nn.Module):
    """Like the study's, it does not fade its block at 8 px in."""

    def __init__(self, channels, image_channels=1):
        super().__init__()
        c = channels
        self.block0 = nn.ModuleDict({"conv": Scaled(c[0], c[0] + 1, 3, 3), "hidden": Scaled(c[0], 16 * c[0]),
                                     "score": Scaled(1, c[0])})
        for i in range(1, len(c)):
            setattr(self, f"block{i}", nn.ModuleDict({"conv0": Scaled(c[i], c[i], 3, 3), "conv1": Scaled(c[i - 1], c[i], 3, 3)}))
        for i in range(len(c)):
            setattr(self, f"image{i}", nn.ModuleDict({"conv": Scaled(c[i], image_channels, 1, 1)}))

    def forward(self, pictures, stage, fade):
        x = activated(getattr(self, f"image{stage}")["conv"](pictures))
        for i in range(stage, 0, -1):
            for name in ("conv0", "conv1"):
                x = activated(getattr(self, f"block{i}")[name](x))
            x = F.avg_pool2d(x, 2)
            if i == stage and stage > 1 and fade < 1:
                old = activated(getattr(self, f"image{stage - 1}")["conv"](F.avg_pool2d(pictures, 2)))
                x = (1 - fade) * old + fade * x
        x = activated(self.block0["conv"](torch.cat([x, stddev_plane(x)], 1)))
        return self.block0["score"](activated(self.block0["hidden"](x.flatten(1))))
