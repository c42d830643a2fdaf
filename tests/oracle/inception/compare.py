"""Inception-v3 as a plain PyTorch module, in its three published forms, on the weights that inception.cpp wrote."""
import sys

import torch
from torch import nn
from torch.nn import functional as F

from tensors import below, compare, finish, read, torch_of


class Conv(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Mixed(nn.Module):
    """Convolutions as attributes; `branches` say which ones follow each other, `pool` what the last branch begins with."""

    def __init__(self, convs, branches, pool):
        super().__init__()
        for name, conv in convs.items():
            setattr(self, name, conv)
        self.branches, self.pool = branches, pool

    def chain(self, names, x):
        for name in names:
            x = torch.cat([getattr(self, n)(x) for n in name], 1) if isinstance(name, tuple) else getattr(self, name)(x)
        return x

    def forward(self, x, average):
        pooled = {"average": average, "maximum": lambda x: F.max_pool2d(x, 3, 1, 1), "halving": lambda x: F.max_pool2d(x, 3, 2)}
        ends = [self.chain(branch, x) for branch in self.branches]
        end = pooled[self.pool](x)
        return torch.cat(ends + [self.branch_pool(end) if hasattr(self, "branch_pool") else end], 1)


def a(c, pool_features):
    return Mixed(dict(branch1x1=Conv(c, 64, 1), branch5x5_1=Conv(c, 48, 1), branch5x5_2=Conv(48, 64, 5, padding=2),
                      branch3x3dbl_1=Conv(c, 64, 1), branch3x3dbl_2=Conv(64, 96, 3, padding=1),
                      branch3x3dbl_3=Conv(96, 96, 3, padding=1), branch_pool=Conv(c, pool_features, 1)),
                 [["branch1x1"], ["branch5x5_1", "branch5x5_2"], ["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"]],
                 "average")


def b(c):
    return Mixed(dict(branch3x3=Conv(c, 384, 3, 2), branch3x3dbl_1=Conv(c, 64, 1),
                      branch3x3dbl_2=Conv(64, 96, 3, padding=1), branch3x3dbl_3=Conv(96, 96, 3, 2)),
                 [["branch3x3"], ["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"]], "halving")


def c(inputs, m):
    across, down = dict(kernel=(1, 7), padding=(0, 3)), dict(kernel=(7, 1), padding=(3, 0))
    return Mixed(dict(branch1x1=Conv(inputs, 192, 1), branch7x7_1=Conv(inputs, m, 1), branch7x7_2=Conv(m, m, **across),
                      branch7x7_3=Conv(m, 192, **down), branch7x7dbl_1=Conv(inputs, m, 1), branch7x7dbl_2=Conv(m, m, **down),
                      branch7x7dbl_3=Conv(m, m, **across), branch7x7dbl_4=Conv(m, m, **down),
                      branch7x7dbl_5=Conv(m, 192, **across), branch_pool=Conv(inputs, 192, 1)),
                 [["branch1x1"], [f"branch7x7_{i}" for i in (1, 2, 3)], [f"branch7x7dbl_{i}" for i in (1, 2, 3, 4, 5)]],
                 "average")


def d(inputs):
    return Mixed(dict(branch3x3_1=Conv(inputs, 192, 1), branch3x3_2=Conv(192, 320, 3, 2), branch7x7x3_1=Conv(inputs, 192, 1),
                      branch7x7x3_2=Conv(192, 192, (1, 7), padding=(0, 3)),
                      branch7x7x3_3=Conv(192, 192, (7, 1), padding=(3, 0)), branch7x7x3_4=Conv(192, 192, 3, 2)),
                 [["branch3x3_1", "branch3x3_2"], [f"branch7x7x3_{i}" for i in (1, 2, 3, 4)]], "halving")


def e(inputs, pool):
    across, down = dict(kernel=(1, 3), padding=(0, 1)), dict(kernel=(3, 1), padding=(1, 0))
    return Mixed(dict(branch1x1=Conv(inputs, 320, 1), branch3x3_1=Conv(inputs, 384, 1), branch3x3_2a=Conv(384, 384, **across),
                      branch3x3_2b=Conv(384, 384, **down), branch3x3dbl_1=Conv(inputs, 448, 1),
                      branch3x3dbl_2=Conv(448, 384, 3, padding=1), branch3x3dbl_3a=Conv(384, 384, **across),
                      branch3x3dbl_3b=Conv(384, 384, **down), branch_pool=Conv(inputs, 192, 1)),
                 [["branch1x1"], ["branch3x3_1", ("branch3x3_2a", "branch3x3_2b")],
                  ["branch3x3dbl_1", "branch3x3dbl_2", ("branch3x3dbl_3a", "branch3x3dbl_3b")]], pool)


class Inception(nn.Module):
    def __init__(self, classes, counts_padding, last_pool):
        super().__init__()
        self.counts_padding = counts_padding
        self.Conv2d_1a_3x3, self.Conv2d_2a_3x3 = Conv(3, 32, 3, 2), Conv(32, 32, 3)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1, self.Conv2d_4a_3x3 = Conv(64, 80, 1), Conv(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = a(192, 32), a(256, 64), a(288, 64)
        self.Mixed_6a = b(288)
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = c(768, 128), c(768, 160), c(768, 160), c(768, 192)
        self.Mixed_7a, self.Mixed_7b, self.Mixed_7c = d(768), e(1280, "average"), e(2048, last_pool)
        self.fc = nn.Linear(2048, classes)

    def features(self, x):
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = F.max_pool2d(x, 3, 2)
        for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"):
            x = getattr(self, "Mixed_" + name)(x, lambda y: F.avg_pool2d(y, 3, 1, 1, count_include_pad=self.counts_padding))
        return x.mean((2, 3))


arrays = read(sys.argv[1] + "/inception.safetensors")
weights = torch_of(below(arrays, "weights"), torch.float64)
x = torch.tensor(arrays["x"], dtype=torch.float64)
found = []
for form, counts_padding, last_pool in (("fid", False, "maximum"), ("torchvision", True, "average"), ("keras", False, "average")):
    net = Inception(5, counts_padding, last_pool).double().eval()
    names = net.load_state_dict(weights, strict=False)
    left = [n for n in names.missing_keys if not n.endswith("num_batches_tracked")] + names.unexpected_keys
    if left:
        sys.exit(f"{form}: names differ from PyTorch's: {left}")
    with torch.no_grad():
        features = net.features(x)
        compare(f"{form} features", arrays[f"{form}.features"], features, relative_l2=1e-5)
        compare(f"{form} logits", arrays[f"{form}.logits"], net.fc(features), relative_l2=1e-5)
    found.append(features)
if min((found[i] - found[j]).abs().max() for i in range(3) for j in range(i)) < 1e-3:
    sys.exit("The three forms do not differ on these pictures, so the comparison tells nothing.")
finish()
