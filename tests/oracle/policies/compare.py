#!/usr/bin/env python3
"""Losses and differentiable augmentation against PyTorch in float64; the geometry by affine maps and grid_sample."""
import math
import sys

import torch
from torch.nn import functional as F

from tensors import compare, finish, read, torch_of

torch.set_default_dtype(torch.float64)
BACKGROUND = -1
given = torch_of(read(sys.argv[1] + "/policies.safetensors"), torch.float64)


def geometry(change, h, w):
    """[h w, h w]: flips, zoom, rotation about the centre and shift of one picture as a matrix on its pixels, from
    grid_sample on the unit pictures (its own second derivative is missing in PyTorch)."""
    flip_x, flip_y, zoom, degrees, dx, dy = change[:6].tolist()
    angle = math.radians(degrees)
    rotation = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    forward = zoom * rotation @ torch.diag(torch.tensor([1 - 2 * flip_x, 1 - 2 * flip_y]))
    y, x = torch.meshgrid(torch.arange(h) - (h - 1) / 2, torch.arange(w) - (w - 1) / 2, indexing="ij")
    source = (torch.stack([x - dx, y - dy], -1)) @ torch.linalg.inv(forward).T
    grid = source / torch.tensor([w / 2, h / 2])  # grid_sample's units: the picture's edges are at -1 and 1
    units = torch.eye(h * w).view(1, h * w, h, w)
    return F.grid_sample(units, grid[None], mode="bilinear", padding_mode="zeros", align_corners=False)[0].flatten(1).T


def augmented(x, changes):
    n, c, h, w = x.shape
    pictures = []
    for picture, change in zip(x, changes):
        intensity, contrast, brightness = change[6:9].tolist()
        top, left, side = (int(v) for v in change[9:])
        p = ((picture - BACKGROUND).flatten(1) @ geometry(change, h, w).T).view(c, h, w) * intensity
        p = (p - p.mean()) * contrast + p.mean() + brightness
        keep = torch.ones(h, w)
        keep[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = 0
        pictures.append(p * keep + BACKGROUND)
    return torch.stack(pictures)


for name in ("vessel_maps", "everything"):
    x = given[name + ".x"].requires_grad_()
    y = augmented(x, given[name + ".changes"])
    first, = torch.autograd.grad((given[name + ".direction"] * y * y).sum(), x, create_graph=True)
    second, = torch.autograd.grad((first * first).sum() / 2, x)
    for what, value in (("y", y), ("first", first), ("second", second)):
        compare(f"augmentation, {name}, {what}", given[f"{name}.{what}"], value, max_scaled=1e-10)

weights = [given["weights0"].requires_grad_(), given["weights1"].requires_grad_()]


def score(x):
    return torch.tanh(x.flatten(1) @ weights[0].T) @ weights[1].T


def check(name, loss):
    compare(f"{name}, loss", given[name + ".loss"], loss, relative_l2=1e-10)
    for i, gradient in enumerate(torch.autograd.grad(loss, weights, retain_graph=True)):
        compare(f"{name}, gradient {i}", given[f"{name}.gradient{i}"], gradient, relative_l2=1e-8)


real, fake = given["real"], given["fake"]
bce = lambda scores, target: F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, target))
plain = bce(score(real), 1.0) + bce(score(fake), 0.0)
x = real.clone().requires_grad_()
slope, = torch.autograd.grad(score(x).sum(), x, create_graph=True)
r1 = 3 / 2 * slope.flatten(1).square().sum(1).mean()
check("r1", plain + 4 * r1)
check("r1_between", plain)
check("nonsaturating_generator", bce(score(fake), 1.0))
x = (given["mix"] * real + (1 - given["mix"]) * fake).requires_grad_()
slope, = torch.autograd.grad(score(augmented(x, given["penalty.changes"])).sum(), x, create_graph=True)
check("penalty", 10 * ((slope.flatten(1).norm(2, dim=1) - 1) ** 2).mean())
finish()
