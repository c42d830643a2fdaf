"""The small residual classifier and five steps of AdamW as plain PyTorch, on what classifier.cpp wrote."""
import sys

import torch
from torch import nn
from torch.nn import functional as F

from tensors import below, compare, compare_network, finish, read, torch_of


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 24, 5, 2, 2, bias=False)
        self.bn1 = nn.BatchNorm2d(24)
        self.layer1 = nn.Sequential(Block(24, 24, 1))
        self.layer2 = nn.Sequential(Block(24, 48, 2))
        self.layer3 = nn.Sequential(Block(48, 96, 2))
        self.fc = nn.Linear(96, 3)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


arrays = read(sys.argv[1] + "/classifier.safetensors")
net = Small().double()
found = net.load_state_dict(torch_of(below(arrays, "before"), torch.float64), strict=False)
if found.unexpected_keys or any(not n.split(".")[-1].startswith(("running", "num_batches")) for n in found.missing_keys):
    sys.exit(f"names differ from PyTorch's: {found}")
if sum(p.numel() for p in net.parameters()) != 173547:
    sys.exit("PyTorch's network has another number of parameters than 173547")
pictures = [torch.tensor(arrays[f"pixels{i}"], dtype=torch.float64) for i in range(5)]
labels = [torch.tensor(arrays[f"labels{i}"]) for i in range(5)]


def evaluated():
    net.eval()
    with torch.no_grad():
        return net(pictures[0])


compare("logits before", arrays["logits_before"], evaluated(), relative_l2=1e-8)
net.train()
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 5)
losses = []
for x, y in zip(pictures, labels):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(x), y, label_smoothing=0.1)
    loss.backward()
    optimizer.step()
    schedule.step()
    losses.append(loss.item())
compare("losses", arrays["losses"], torch.tensor(losses, dtype=torch.float64), relative_l2=1e-8)
compare_network("weights after five steps", below(arrays, "after"), dict(net.named_parameters()), relative_l2=1e-8)
compare_network("running statistics", below(arrays, "statistics"),
                {n: b for n, b in net.named_buffers() if not n.endswith("num_batches_tracked")}, relative_l2=1e-8)
compare("logits after", arrays["logits_after"], evaluated(), relative_l2=1e-8)
finish()
