#!/usr/bin/env python3
"""Results to 1e-5 and gradients to 1e-4 of every differentiable operation in float against torch.autograd in float64."""
import sys

import torch
from torch.nn import functional as F

from tensors import compare, finish, read

torch.set_default_dtype(torch.float64)
POOL = dict(kernel_size=(3, 2), stride=(2, 1), padding=(1, 0))
STRIDED = dict(stride=(2, 1), padding=(0, 2))


def square(x):
    return x * x


def adjoint(f, at, y):
    """The adjoint of the linear f at inputs shaped as `at`, applied to y; differentiable by y and by what f holds."""
    at = at.detach().requires_grad_()
    return torch.autograd.grad(f(at), at, y, create_graph=True)[0]


def argmax_pool(x, chosen):
    """x where `chosen` has its window's maximum."""
    _, index = F.max_pool2d(chosen, return_indices=True, **POOL)
    return x.flatten(2).gather(2, index.flatten(2)).view(index.shape)


def scattered(x, chosen):
    _, index = F.max_pool2d(chosen, return_indices=True, **POOL)
    flat = torch.zeros_like(chosen).flatten(2).scatter_add(2, index.flatten(2), x.flatten(2))
    return flat.view(chosen.shape)


def gather_or_zero(x):
    return torch.stack([x[:, 3], x[:, 0], 0 * x[:, 0], x[:, 3], x[:, 1]], 1)


def scatter_add(x):
    return torch.zeros(2, 6, 3).index_add(1, torch.tensor([4, 0, 4, 2]), x)


def leaky_mask(x, slope):
    return torch.where(x > 0, 1.0, slope).detach()


def wide_like(v, x):
    return v.view(1, -1, *[1] * (x.ndim - 2))


def bias_leaky(x, b, scale, slope):
    return F.leaky_relu(scale * (x + wide_like(b, x)), slope)


def pixel_norm(x, epsilon):
    return x / torch.sqrt((x * x).mean(1, keepdim=True) + epsilon)


def stddev(x, group, unbiased, consecutive):
    n, _, h, w = x.shape
    groups = x.view(n // group, group, -1) if consecutive else x.view(group, n // group, -1).transpose(0, 1)
    s = torch.sqrt(groups.var(1, unbiased=unbiased) + 1e-8).mean(1)
    s = s.repeat_interleave(group) if consecutive else s.repeat(group)
    return torch.cat([x, s.view(n, 1, 1, 1).expand(n, 1, h, w)], 1)


def conv(x, w, b=None, **how):
    return F.conv2d(x, w, b, **how)


OPERATIONS = {
    "add": lambda a, b: a + b,
    "add, broadcast": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "mul, same operand": lambda a: a**3,
    "div": lambda a, b: a / b,
    "add_scalar": lambda a: a * (a + 3),
    "mul_scalar": lambda a: a * (a * -2),
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "abs": lambda a: a * a.abs(),
    "sign": lambda a: a * a.sign(),
    "leaky_mask": lambda a: a * leaky_mask(a, 0.25),
    "greater": lambda a, b: b * (a > 0),
    "select": lambda a, b, c: torch.where(a > 0, a * b, torch.exp(c)),
    "maximum": lambda a, b: square(torch.maximum(a, b)),
    "minimum": lambda a, b: square(torch.minimum(a, b)),
    "clamp": lambda a: square(a.clamp(-0.45, 0.55)),
    "rsqrt": torch.rsqrt,
    "sum": lambda a: square(a.sum((0, 2), keepdim=True)),
    "mean": lambda a: square(a.mean(1, keepdim=True)),
    "max": lambda a: square(a.amax((0, 2), keepdim=True)),
    "broadcast_to": lambda a: square(a.expand(2, 4, 3)),
    "reshape": lambda a: square(a.reshape(6, 4)),
    "permute": lambda a: square(a.permute(2, 0, 3, 1)),
    "slice": lambda a: square(a[:, 1:4]),
    "pad": lambda a: square(F.pad(a, (0, 0, 2, 1))),
    "concat": lambda a, b, c: square(torch.cat([a, b, c], 1)),
    "flip": lambda a: square(a.flip(2)),
    "gather": lambda a: square(gather_or_zero(a)),
    "scatter_add": lambda a: square(scatter_add(a)),
    "matmul": lambda a, b: a @ b,
    "matmul, x transposed": lambda a, b: a.T @ b,
    "matmul, y transposed": lambda a, b: a @ b.T,
    "matmul, both transposed": lambda a, b: a.T @ b.T,
    "linear": lambda a, b, c: 0.7 * (F.linear(a, b) + c),
    "conv2d": lambda a, b: conv(a, b, padding=1),
    "conv2d, strided": lambda a, b: conv(a, b, **STRIDED),
    "conv2d_input_grad": lambda a, b: adjoint(lambda x: conv(x, b, **STRIDED), torch.zeros(2, 2, 6, 3), a),
    "conv2d_weight_grad": lambda a, b: adjoint(lambda w: conv(a, w, **STRIDED), torch.zeros(3, 2, 3, 4), b),
    "conv2d_transposed": lambda a, b: F.conv_transpose2d(a, b, stride=2, padding=(0, 1), output_padding=(1, 0)),
    "conv2d_bias_leaky_relu": lambda a, b, c: F.leaky_relu(0.6 * conv(a, b, c, padding=1), 0.2),
    "upsampled_conv2d_bias_leaky_relu": lambda a, b, c: F.leaky_relu(
        0.6 * conv(F.interpolate(a, scale_factor=2, mode="nearest"), b, c, padding=1), 0.2),
    "conv2d with bias": lambda a, b, c: conv(a, b, c, padding=1),
    "avg_pool": lambda a: square(F.avg_pool2d(a, **POOL)),
    "avg_unpool": lambda a: square(adjoint(lambda x: F.avg_pool2d(x, **POOL), torch.zeros(2, 2, 5, 4), a)),
    "upsample_nearest": lambda a: square(F.interpolate(a, scale_factor=3, mode="nearest")),
    "sum_pool": lambda a: square(4 * F.avg_pool2d(a, 2)),
    "max_pool": lambda a: square(F.max_pool2d(a, **POOL)),
    "max_pool_gather": lambda a, b: square(argmax_pool(a, b)),
    "max_pool_scatter": lambda a, b: square(scattered(a, b)),
    "global_avg_pool": lambda a: square(a.mean((2, 3))),
    "leaky_relu": lambda a: square(F.leaky_relu(a, 0.2)),
    "relu": lambda a: square(F.relu(a)),
    "softplus": F.softplus,
    "bias_leaky_relu": lambda a, b: square(bias_leaky(a, b, 0.5, 0.2)),
    "bias_leaky_relu, linear": lambda a, b: square(bias_leaky(a, b, 1, 1)),
    "pixel_norm": lambda a: pixel_norm(a, 1e-2),
    "minibatch_stddev, strided": lambda a: stddev(a, 2, False, False),
    "minibatch_stddev, seed": lambda a: stddev(a, 3, True, True),
    "batch_norm": lambda a, g, b, m, v: wide_like(g, a) * (a - wide_like(m, a)) / torch.sqrt(wide_like(v, a) + 1e-5) + wide_like(b, a),
    "batch_norm_train": lambda a, g, b: F.batch_norm(a, None, None, g, b, training=True, eps=1e-2),
    "batch_norm_train, leaky": lambda a, g, b: square(
        F.leaky_relu(F.batch_norm(a, None, None, g, b, training=True, eps=1e-2), 0.25)),
    "log_softmax": lambda a: F.log_softmax(a, 1),
    "softmax": lambda a: F.softmax(a, 1),
    "cross_entropy": lambda a: F.cross_entropy(a, torch.tensor([2, 0, 3])),
    "binary_cross_entropy": lambda a, b: (F.softplus(a) - b * a).mean(),
    "mean_squared_error": lambda a, b: square(a - b).mean(),
    "wide conv2d": lambda a, b: conv(a, b, padding=1),
    "wide conv2d to one channel": lambda a, b: conv(a, b),
    "wide conv2d, halving": lambda a, b: conv(a, b, stride=2, padding=1),
    "wide conv2d, 1 x 7": lambda a, b: conv(a, b, padding=(0, 3)),
    "wide conv2d_bias_leaky_relu": lambda a, b, c: F.leaky_relu(0.1 * conv(a, b, c, padding=1), 0.2),
    "wide bias_leaky_relu": lambda a, b: bias_leaky(a, b, 0.5, 0.2),
    "wide avg_pool": lambda a: F.avg_pool2d(a, 2),
    "wide max_pool": lambda a: F.max_pool2d(a, 2),
    "wide upsample_nearest": lambda a: F.interpolate(a, scale_factor=2, mode="nearest"),
    "wide global_avg_pool": lambda a: a.mean((2, 3)),
    "wide pixel_norm": lambda a: pixel_norm(a, 1e-8),
    "wide batch_norm_train": lambda a, g, b: F.batch_norm(a, None, None, g, b, training=True, eps=1e-5),
    "wide minibatch_stddev": lambda a: stddev(a, 4, True, True),
    "wide concat": lambda a, b: torch.cat([a, b], 1),
    "wide linear": F.linear,
}

arrays = read(sys.argv[1] + "/operations.safetensors")
names = {name.split("|")[0] for name in arrays}
if names != set(OPERATIONS):
    sys.exit(f"These operations are on one side only: {', '.join(sorted(names ^ set(OPERATIONS)))}.")
for name, operation in OPERATIONS.items():
    count = sum(key.startswith(name + "|input") for key in arrays)
    x = [torch.tensor(arrays[f"{name}|input{i}"], dtype=torch.float64, requires_grad=True) for i in range(count)]
    y = operation(*x)
    compare(f"{name}, result", arrays[name + "|result"], y, max_scaled=1e-5)
    direction = torch.tensor(arrays[name + "|direction"], dtype=torch.float64)
    gradients = torch.autograd.grad((y * direction).sum(), x, allow_unused=True)
    for i, (gradient, input_) in enumerate(zip(gradients, x)):
        theirs = torch.zeros_like(input_) if gradient is None else gradient
        compare(f"{name}, gradient {i}", arrays[f"{name}|gradient{i}"], theirs, relative_l2=1e-4)
finish()
