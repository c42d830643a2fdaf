"""Residual networks as plain PyTorch modules, on the weights and pictures that resnet.cpp wrote."""
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional as F

from tensors import below, compare, compare_network, finish, read, torch_of


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, padded):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.padded = (stride, outputs - inputs) if padded else None
        if not padded and (stride != 1 or inputs != outputs):
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.padded:
            stride, more = self.padded
            x = F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, more // 2, more - more // 2))
        elif hasattr(self, "downsample"):
            x = self.downsample(x)
        return F.relu(y + x)


class ResNet(nn.Module):
    def __init__(self, blocks, widths, classes, channels, small):
        super().__init__()
        stem = (3, 1, 1) if small else (7, 2, 3)
        self.conv1 = nn.Conv2d(channels, widths[0], *stem, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.small, self.stages = small, len(blocks)
        inputs = widths[0]
        for stage, (count, width) in enumerate(zip(blocks, widths)):
            layer = nn.Sequential()
            for i in range(count):
                layer.append(Block(inputs, width, 2 if i == 0 and stage > 0 else 1, padded=small))
                inputs = width
            setattr(self, f"layer{stage + 1}", layer)
        self.fc = nn.Linear(inputs, classes)

    def features(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        if not self.small:
            x = F.max_pool2d(x, 3, 2, 1)
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return x.mean((2, 3))

    def forward(self, x):
        return self.fc(self.features(x))


def check(name, net, forward, gradient, statistic):
    """Tolerances are relative L2 norms. What follows a step inherits its gradients' difference."""
    path = pathlib.Path(sys.argv[1]) / f"{name}.safetensors"
    if not path.exists():
        return False
    arrays = read(path)
    net = net.double()
    found = net.load_state_dict(torch_of(below(arrays, "weights"), torch.float64), strict=False)
    left = [n for n in found.missing_keys if not n.endswith("num_batches_tracked")] + found.unexpected_keys
    if left:
        sys.exit(f"{name}: names differ from PyTorch's: {left}")
    tensors = torch_of(arrays, torch.float64)
    net.eval()
    with torch.no_grad():
        compare(f"{name} logits before", arrays["before.logits"], net(tensors["step0.x"]), relative_l2=forward)
        compare(f"{name} features", arrays["before.features"], net.features(tensors["step0.x"]), relative_l2=forward)
    net.train()
    for step in range(3):
        x = tensors[f"step{step}.x"].requires_grad_()
        net.zero_grad()
        logits = net(x)
        (logits * tensors["direction"]).sum().backward()
        compare(f"{name} step {step} logits", arrays[f"step{step}.logits"], logits,
                relative_l2=forward if step == 0 else gradient)
        if step == 0:
            compare(f"{name} gradient of the pictures", arrays["x_gradient"], x.grad, relative_l2=gradient)
            compare_network(f"{name} gradients", below(arrays, "gradients"),
                            {n: p.grad for n, p in net.named_parameters()}, relative_l2=gradient)
        compare_network(f"{name} step {step} running statistics", below(arrays, f"step{step}.statistics"),
                        {n: b for n, b in net.named_buffers() if not n.endswith("num_batches_tracked")},
                        relative_l2=statistic)
        with torch.no_grad():
            for p in net.parameters():
                p -= 1e-4 * p.grad
    net.eval()
    with torch.no_grad():
        compare(f"{name} logits after", arrays["after.logits"], net(tensors["step0.x"]), relative_l2=gradient)
    return True


def resnet18():
    return ResNet([2, 2, 2, 2], [64, 128, 256, 512], 3, 3, small=False)


torch.manual_seed(1)
if not check("resnet18_winograd", resnet18(), 1e-5, 3e-3, 1e-4):
    sys.exit("resnet18_winograd.safetensors is missing")
check("resnet18_direct", resnet18(), 1e-5, 3e-3, 1e-4)  # without oneDNN there is one kernel only
check("narrow_double", ResNet([2, 2, 2, 2], [6, 8, 10, 12], 3, 3, small=False), 1e-8, 1e-8, 1e-8)
check("small_double", ResNet([1, 2, 1], [4, 8, 12], 4, 1, small=True), 1e-8, 1e-8, 1e-8)
finish()
