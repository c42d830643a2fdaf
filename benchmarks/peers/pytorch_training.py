#!/usr/bin/env python3
"""The works of benchmarks/training in PyTorch: the same mathematics from the same weights and inputs.

    pytorch_training.py WORK FILE [--layout contiguous|channels_last] [--mode eager|compile] [--double]

FILE is what a worker of ours wrote. Makes the first step, says so in a line of JSON with its losses, then makes as many
steps as each line on the standard input says. benchmarks/compare drives this program.
"""
import argparse
import json
import pathlib
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "oracle"))
import tensors  # noqa: E402


class ScaledConv(nn.Module):
    """A convolution whose weight is scaled at use (equalized learning rate, Karras et al. 2018)."""

    def __init__(self, inputs, outputs, kernel, gain):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.scale, self.pad = gain / (inputs * kernel * kernel) ** 0.5, kernel // 2

    def forward(self, x):
        return F.conv2d(x, self.weight * self.scale, self.bias, padding=self.pad)


class ScaledLinear(nn.Module):
    def __init__(self, inputs, outputs, gain):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.scale = gain / inputs**0.5

    def forward(self, x):
        return F.linear(x, self.weight * self.scale, self.bias)


ROOT2 = 2**0.5


def act(x):
    return F.leaky_relu(x, 0.2)


def pixel_norm(x):
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)


class Generator(nn.Module):
    """The paper's generator, grown to `stage`."""

    def __init__(self, channels, latent, stage):
        super().__init__()
        first = nn.Module()
        first.format = ScaledLinear(latent, 16 * channels[0], ROOT2 / 4)
        first.conv = ScaledConv(channels[0], channels[0], 3, ROOT2)
        self.block0 = first
        for s in range(1, stage + 1):
            block = nn.Module()
            block.conv0 = ScaledConv(channels[s - 1], channels[s], 3, ROOT2)
            block.conv1 = ScaledConv(channels[s], channels[s], 3, ROOT2)
            setattr(self, f"block{s}", block)
        image = nn.Module()
        image.conv = ScaledConv(channels[stage], 1, 1, 1)
        setattr(self, f"image{stage}", image)
        self.stage, self.width = stage, channels[0]

    def forward(self, z):
        x = act(self.block0.format(pixel_norm(z))).view(-1, self.width, 4, 4)
        x = pixel_norm(act(self.block0.conv(pixel_norm(x))))
        for s in range(1, self.stage + 1):
            block = getattr(self, f"block{s}")
            x = pixel_norm(act(block.conv0(F.interpolate(x, scale_factor=2.0, mode="nearest"))))
            x = pixel_norm(act(block.conv1(x)))
        return getattr(self, f"image{self.stage}").conv(x)


class Critic(nn.Module):
    def __init__(self, channels, stage):
        super().__init__()
        last = nn.Module()
        last.conv = ScaledConv(channels[0] + 1, channels[0], 3, ROOT2)
        last.hidden = ScaledLinear(16 * channels[0], channels[0], ROOT2)
        last.score = ScaledLinear(channels[0], 1, 1)
        self.block0 = last
        for s in range(1, stage + 1):
            block = nn.Module()
            block.conv0 = ScaledConv(channels[s], channels[s], 3, ROOT2)
            block.conv1 = ScaledConv(channels[s], channels[s - 1], 3, ROOT2)
            setattr(self, f"block{s}", block)
        image = nn.Module()
        image.conv = ScaledConv(1, channels[stage], 1, ROOT2)
        setattr(self, f"image{stage}", image)
        self.stage = stage

    def forward(self, x):
        x = act(getattr(self, f"image{self.stage}").conv(x))
        for s in range(self.stage, 0, -1):
            block = getattr(self, f"block{s}")
            x = F.avg_pool2d(act(block.conv1(act(block.conv0(x)))), 2)
        n, c, h, w = x.shape
        group = 4 if n >= 4 and n % 4 == 0 else n
        y = x.reshape(group, n // group, c, h, w)
        y = (y - y.mean(0)).square().mean(0).add(1e-8).sqrt().mean((1, 2, 3))
        x = torch.cat([x, y.repeat(group).view(n, 1, 1, 1).expand(n, 1, h, w)], 1)
        x = act(self.block0.conv(x)).reshape(n, -1)
        return self.block0.score(act(self.block0.hidden(x)))


CHANNELS = {"small": [128, 128, 128, 64, 32], "full": [512, 512, 512, 512, 256, 128, 64]}


def load(module, arrays, prefix, dtype, layout):
    """The module with the file's numbers below `prefix`; tensors that this network does not use are left out."""
    state = tensors.below(arrays, prefix)
    module.to(dtype)  # first: a file's double is not to pass through float
    wanted = module.state_dict()
    module.load_state_dict({name: torch.from_numpy(state[name]) if name in state else value for name, value in wanted.items()})
    missing = [name for name in wanted if name not in state and not name.endswith("num_batches_tracked")]
    if missing:
        raise SystemExit(f"the file has no {prefix}.{missing[0]}")
    return module.to(memory_format=layout)


def pgan(name, arrays, dtype, layout):
    _, kind, size = name.split("-")
    stage = {4 << s: s for s in range(8)}[int(size)]
    channels = CHANNELS[kind]
    real = torch.from_numpy(arrays["real"]).to(dtype).contiguous(memory_format=layout)
    n, latent = arrays["critic_latents"].shape
    make = lambda: Generator(channels, latent, stage)  # noqa: E731
    generator = load(make(), arrays, "generator", dtype, layout)
    average = load(make(), arrays, "average", dtype, layout).requires_grad_(False)
    critic = load(Critic(channels, stage), arrays, "critic", dtype, layout)
    adam = [torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.0, 0.99), foreach=True) for net in (critic, generator)]
    noise = [torch.from_numpy(arrays[k]).to(dtype) for k in ("critic_latents", "mix", "generator_latents")]
    trained, averaged = list(generator.parameters()), list(average.parameters())

    def step():
        z, mix, again = noise if noise else (torch.randn(n, latent, dtype=dtype), torch.rand(n, 1, 1, 1, dtype=dtype),
                                             torch.randn(n, latent, dtype=dtype))
        noise.clear()
        with torch.no_grad():
            fake = generator(z)
        critic.requires_grad_(True)
        scores = critic(real)
        between = (fake + mix * (real - fake)).requires_grad_(True)
        slope, = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        penalty = 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()
        critic_loss = critic(fake).mean() - scores.mean() + penalty + 0.001 * scores.square().mean()
        adam[0].zero_grad(set_to_none=True)
        critic_loss.backward()
        adam[0].step()
        critic.requires_grad_(False)
        generator_loss = -critic(generator(again)).mean()
        adam[1].zero_grad(set_to_none=True)
        generator_loss.backward()
        adam[1].step()
        with torch.no_grad():
            torch._foreach_mul_(averaged, 0.999)
            torch._foreach_add_(averaged, trained, alpha=0.001)
        return {"critic_loss": critic_loss.item(), "generator_loss": generator_loss.item(), "penalty": penalty.item()}

    return step


class UnetBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv0 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm0 = nn.BatchNorm2d(outputs)
        self.conv1 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.norm1(self.conv1(F.relu(self.norm0(self.conv0(x))))))


class Unet(nn.Module):
    """One level and those below it."""

    def __init__(self, inputs, widths, classes=None):
        super().__init__()
        self.add_module("in", UnetBlock(inputs, widths[0]))
        if len(widths) > 1:
            self.below = Unet(widths[0], widths[1:])
            self.out = UnetBlock(widths[0] + widths[1], widths[0])
        if classes:
            self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x):
        x = getattr(self, "in")(x)
        if hasattr(self, "below"):
            below = F.interpolate(self.below(F.max_pool2d(x, 2)), scale_factor=2.0, mode="nearest")
            x = self.out(torch.cat([x, below], 1))
        return self.head(x) if hasattr(self, "head") else x


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Resnet18(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        widths = [64, 64, 128, 256, 512]
        for s in range(1, 5):
            setattr(self, f"layer{s}", nn.Sequential(BasicBlock(widths[s - 1], widths[s], 1 if s == 1 else 2),
                                                     BasicBlock(widths[s], widths[s], 1)))
        self.fc = nn.Linear(512, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


def supervised(name, arrays, dtype, layout, compiled):
    if name.startswith("unet"):
        weights, buffers = "segmenter", "segmenter.buffers"
        net = Unet(1, [16, 32, 64, 128], 2) if "small" in name else Unet(3, [32, 64, 128, 256, 512], 2)
    else:
        weights, buffers, net = "weights", "buffers", Resnet18()
    merged = {f"net.{k}": v for prefix in (weights, buffers) for k, v in tensors.below(arrays, prefix).items()}
    load(net, merged, "net", dtype, layout)
    pictures = torch.from_numpy(arrays["pictures"]).to(dtype).contiguous(memory_format=layout)
    run = torch.compile(net) if compiled else net
    if name.endswith("infer"):
        net.eval()

        def step():
            with torch.no_grad():
                return {"mean_square": run(pictures).square().mean().item()}

        return step
    net.train()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, foreach=True)
    target = torch.from_numpy(arrays["truth"])[:, 0].long() if "truth" in arrays else torch.from_numpy(arrays["labels"])

    def step():
        loss = F.cross_entropy(run(pictures), target)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        return {"loss": loss.item()}

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work")
    parser.add_argument("file", help="weights and inputs, written by a worker of ours")
    parser.add_argument("--layout", choices=("contiguous", "channels_last"), default="contiguous")
    parser.add_argument("--mode", choices=("eager", "compile"), default="eager")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--double", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    arrays = tensors.read(options.file)
    dtype = torch.float64 if options.double else torch.float32
    layout = torch.channels_last if options.layout == "channels_last" else torch.contiguous_format
    step = (pgan(options.work, arrays, dtype, layout) if options.work.startswith("pgan") else
            supervised(options.work, arrays, dtype, layout, options.mode == "compile"))
    print(json.dumps({"work": options.work, "backend": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads(),
                      "first": step()}), flush=True)
    for line in sys.stdin:
        steps = int(line)
        if steps <= 0:
            break
        start = time.perf_counter()
        for _ in range(steps):
            step()
        print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
