"""A small network as PyTorch code: what docs/porting.md ports to net.arch."""
import torch
from torch import nn
from torch.nn import functional as F


class Gate(nn.Module):
    """Weighs channels by what a quarter of them makes of their means (Hu et al. 2018)."""

    def __init__(self, channels):
        super().__init__()
        self.reduce = nn.Conv2d(channels, channels // 4, 1)
        self.expand = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x):
        weights = F.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.expand(F.silu(self.reduce(weights))))


class Unit(nn.Module):
    """A depthwise and a pointwise convolution with a gate, and a shortcut where shapes allow."""

    def __init__(self, channels, out, stride):
        super().__init__()
        self.shortcut = stride == 1 and channels == out
        self.depthwise = nn.Conv2d(channels, channels, 5, stride, 2, groups=channels, bias=False)
        self.norm1 = nn.BatchNorm2d(channels, eps=1e-3)
        self.gate = Gate(channels)
        self.pointwise = nn.Conv2d(channels, out, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(out, eps=1e-3)

    def forward(self, x):
        y = self.gate(F.silu(self.norm1(self.depthwise(x))))
        y = self.norm2(self.pointwise(y))
        return x + y if self.shortcut else y


class Net(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16, eps=1e-3), nn.SiLU())
        self.units = nn.Sequential(Unit(16, 16, 1), Unit(16, 32, 2), Unit(32, 32, 1))
        self.head = nn.Linear(32, classes)

    def forward(self, x):
        return self.head(self.units(self.stem(x)).mean((2, 3)))


def build():
    return Net()
