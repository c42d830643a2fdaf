#!/usr/bin/env python3
"""Our U-Nets and their loss against PyTorch in float64: logits, losses, gradients, and batch norm's running statistics."""
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional as F

from tensors import below, compare, compare_network, finish, read, torch_of

torch.set_default_dtype(torch.float64)
torch.set_num_threads(2)
folder = pathlib.Path(sys.argv[1])


class Block(nn.Module):
    def __init__(self, inputs, outputs, norm):
        super().__init__()
        self.conv0 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=not norm)
        self.conv1 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=not norm)
        self.norm0 = nn.BatchNorm2d(outputs) if norm else nn.Identity()
        self.norm1 = nn.BatchNorm2d(outputs) if norm else nn.Identity()

    def forward(self, x):
        return F.relu(self.norm1(self.conv1(F.relu(self.norm0(self.conv0(x))))))


class Level(nn.Module):
    """One scale: what stands below it is halved before and doubled after."""

    def __init__(self, inputs, channels, norm, enlarged_first):
        super().__init__()
        own, *rest = channels
        self.enlarged_first = enlarged_first
        setattr(self, "in", Block(inputs, own, norm))
        self.below = Level(own, rest, norm, enlarged_first) if rest else None
        if rest:
            self.out = Block(own + rest[0], own, norm)

    def forward(self, x):
        x = getattr(self, "in")(x)
        if self.below is None:
            return x
        up = F.interpolate(self.below(F.max_pool2d(x, 2)), scale_factor=2, mode="nearest")
        return self.out(torch.cat([up, x] if self.enlarged_first else [x, up], dim=1))


class UNet(Level):
    def __init__(self, channels, norm):
        super().__init__(1, channels, norm, enlarged_first=not norm)
        self.rectified = not norm
        self.head = nn.Conv2d(channels[0], 2, 1)

    def forward(self, x):
        y = self.head(super().forward(x))
        return F.relu(y) if self.rectified else y


def loss_of(logits, truth, field):
    log_p = F.log_softmax(logits, dim=1)
    entropy = -(truth * field * log_p).sum() / field.sum()
    p, t = log_p.exp()[:, 1] * field[:, 0], truth[:, 1] * field[:, 0]
    dice = 1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1)
    return entropy, dice


for what, channels, forward, gradient in (
    ("norm_double", (3, 4, 5), 1e-12, 1e-8), ("retina_double", (3, 4, 5), 1e-12, 1e-8),
    ("norm_winograd", (16, 32, 32), 1e-5, 3e-3), ("retina_winograd", (16, 32, 32), 1e-5, 3e-3),
    ("norm_direct", (16, 32, 32), 1e-5, 3e-3), ("retina_direct", (16, 32, 32), 1e-5, 3e-3),
):
    arrays = read(folder / f"{what}.safetensors")
    norm = what.startswith("norm")
    net = UNet(channels, norm)
    # Batch norm's counter is PyTorch's own.
    missing, unexpected = net.load_state_dict(torch_of(below(arrays, "net"), torch.float64), strict=False)
    assert not unexpected and all(m.endswith("num_batches_tracked") for m in missing), (missing, unexpected)
    here = torch_of({n: arrays[n] for n in ("input", "truth", "field")}, torch.float64)
    for mode in ("evaluation", "training") if norm else ("evaluation",):
        net.train(mode == "training")
        net.zero_grad()
        x = here["input"].clone().requires_grad_()
        logits = net(x)
        entropy, dice = loss_of(logits, here["truth"], here["field"])
        (entropy + dice).backward()
        compare(f"{what}, {mode}: logits", arrays[f"{mode}.logits"], logits, max_scaled=forward)
        compare(f"{what}, {mode}: cross-entropy", arrays[f"{mode}.cross_entropy"], entropy, max_scaled=forward)
        compare(f"{what}, {mode}: Dice", arrays[f"{mode}.dice"], dice, max_scaled=forward)
        compare(f"{what}, {mode}: input gradient", arrays[f"{mode}.input_gradient"], x.grad, relative_l2=gradient)
        compare_network(f"{what}, {mode}: gradient", below(arrays, f"{mode}.gradient"),
                        {n: p.grad for n, p in net.named_parameters()}, relative_l2=gradient)
    if norm:
        state = {n: v for n, v in net.state_dict().items() if "running" in n}
        compare_network(f"{what}: running statistics", below(arrays, "after"), state, relative_l2=forward)
finish()
