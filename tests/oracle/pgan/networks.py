"""Progressive GANs in plain PyTorch, written from their descriptions for this test: the study's (pytorch_GAN_zoo's form),
the paper's (Karras et al. 2018), and the small one of quick studies.

Names of parameters are ours, so that state dictionaries fit. `fade` is the weight of the newest block."""
import dataclasses
import math

import torch
from torch import nn
from torch.nn import functional as F

SLOPE = 0.2


@dataclasses.dataclass(frozen=True)
class Form:
    """What tells one progressive GAN from another."""
    channels: tuple
    latent: int
    image_channels: int = 1
    scales_bias: bool = True  # the equalized learning rate's factor: on the whole output, or on the weight alone
    first_gain: float = math.sqrt(2)
    image_gain: float = math.sqrt(2)
    score_gain: float = math.sqrt(2)
    unbiased: bool = True     # the batch's variance: divided by group - 1
    consecutive: bool = True  # a group is made of samples that follow each other
    fades_at_8: bool = False  # the critic too
    convolutions: int = 2     # of a stage
    strides: bool = False     # the critic's one convolution is 4 x 4 with stride 2

    def names(self):
        return [f"conv{i}" for i in range(self.convolutions)]


PAPER = dict(scales_bias=False, first_gain=math.sqrt(2) / 4, image_gain=1, score_gain=1, unbiased=False, consecutive=False,
             fades_at_8=True)


class Scaled(nn.Module):
    """A layer of unit weights that is scaled by gain / sqrt(fan-in) when it is used."""

    def __init__(self, form, *weight_shape, gain=math.sqrt(2), stride=1):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(weight_shape))
        self.bias = nn.Parameter(torch.zeros(weight_shape[0]))
        scale = gain / math.sqrt(math.prod(weight_shape[1:]))
        self.weight_scale, self.output_scale = (1, scale) if form.scales_bias else (scale, 1)
        self.stride = stride

    def forward(self, x):
        weight = self.weight * self.weight_scale
        if weight.ndim == 2:
            return F.linear(x, weight, self.bias) * self.output_scale
        padding = 1 if self.stride == 2 else weight.shape[2] // 2
        return F.conv2d(x, weight, self.bias, padding=padding, stride=self.stride) * self.output_scale


def activated(x):
    return F.leaky_relu(x, SLOPE)


def pixel_norm(x):
    return x * torch.rsqrt((x * x).mean(1, keepdim=True) + 1e-8)


def stddev_plane(form, x, group=4):
    """One number per group, the whole batch where four do not divide it."""
    n, c, h, w = x.shape
    if n < group or n % group:
        group = n
    if group == 1:
        return torch.zeros_like(x[:, :1])
    y = x.view(n // group, group, c, h, w) if form.consecutive else x.view(group, n // group, c, h, w).transpose(0, 1)
    y = torch.sqrt(y.var(1, unbiased=form.unbiased) + 1e-8).mean((1, 2, 3))
    y = y.repeat_interleave(group) if form.consecutive else y.repeat(group)
    return y.view(n, 1, 1, 1).expand(n, 1, h, w)


class Generator(nn.Module):
    def __init__(self, form):
        super().__init__()
        self.form, c = form, form.channels
        self.block0 = nn.ModuleDict({"format": Scaled(form, 16 * c[0], form.latent, gain=form.first_gain),
                                     "conv": Scaled(form, c[0], c[0], 3, 3)})
        for i in range(1, len(c)):
            inputs = (c[i - 1], c[i])
            setattr(self, f"block{i}", nn.ModuleDict({n: Scaled(form, c[i], inputs[j], 3, 3) for j, n in enumerate(form.names())}))
        for i in range(len(c)):
            setattr(self, f"image{i}", nn.ModuleDict({"conv": Scaled(form, form.image_channels, c[i], 1, 1, gain=form.image_gain)}))

    def forward(self, z, stage, fade):
        x = activated(self.block0["format"](pixel_norm(z)))
        x = pixel_norm(x.view(-1, self.form.channels[0], 4, 4))
        x = pixel_norm(activated(self.block0["conv"](x)))
        for i in range(1, stage + 1):
            before = x
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            for name in self.form.names():
                x = pixel_norm(activated(getattr(self, f"block{i}")[name](x)))
        out = getattr(self, f"image{stage}")["conv"](x)
        if stage > 0 and fade < 1:
            old = getattr(self, f"image{stage - 1}")["conv"](before)
            out = (1 - fade) * F.interpolate(old, scale_factor=2, mode="nearest") + fade * out
        return out


class Critic(nn.Module):
    def __init__(self, form):
        super().__init__()
        self.form, c = form, form.channels
        self.block0 = nn.ModuleDict({"conv": Scaled(form, c[0], c[0] + 1, 3, 3), "hidden": Scaled(form, c[0], 16 * c[0]),
                                     "score": Scaled(form, 1, c[0], gain=form.score_gain)})
        for i in range(1, len(c)):
            if form.strides:
                layers = {"conv0": Scaled(form, c[i - 1], c[i], 4, 4, stride=2)}
            else:
                outputs = [c[i]] * (form.convolutions - 1) + [c[i - 1]]
                layers = {n: Scaled(form, outputs[j], c[i], 3, 3) for j, n in enumerate(form.names())}
            setattr(self, f"block{i}", nn.ModuleDict(layers))
        for i in range(len(c)):
            setattr(self, f"image{i}", nn.ModuleDict({"conv": Scaled(form, c[i], form.image_channels, 1, 1)}))

    def forward(self, pictures, stage, fade):
        x = activated(getattr(self, f"image{stage}")["conv"](pictures))
        for i in range(stage, 0, -1):
            for name in self.form.names():
                x = activated(getattr(self, f"block{i}")[name](x))
            if not self.form.strides:
                x = F.avg_pool2d(x, 2)
            if i == stage and fade < 1 and (stage > 1 or self.form.fades_at_8):
                old = activated(getattr(self, f"image{stage - 1}")["conv"](F.avg_pool2d(pictures, 2)))
                x = (1 - fade) * old + fade * x
        x = activated(self.block0["conv"](torch.cat([x, stddev_plane(self.form, x)], 1)))
        return self.block0["score"](activated(self.block0["hidden"](x.flatten(1))))
