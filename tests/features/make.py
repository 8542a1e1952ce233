"""Writes squeezenet1_1.json, features and Grad-CAM maps of SqueezeNet 1.1 as PyTorch computes them, and numpy.npy.

    python tests/features/make.py        (torch, numpy, pillow)
"""

import json
import struct
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ["coffee.png", "chelsea.png"]


def weights(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    dtypes = {"F32": np.float32, "F16": np.float16}
    out = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = (8 + size + offset for offset in entry["data_offsets"])
            array = np.frombuffer(data[start:end], dtypes[entry["dtype"]]).reshape(entry["shape"])
            out[name] = torch.from_numpy(array.astype(np.float32))
    return out


class Fire(nn.Module):
    def __init__(self, inputs, squeeze, expand):
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x):
        x = torch.relu(self.squeeze(x))
        return torch.cat([torch.relu(self.expand1x1(x)), torch.relu(self.expand3x3(x))], 1)


class SqueezeNet(nn.Module):
    """torchvision's squeezenet1_1."""

    def __init__(self):
        super().__init__()
        pool = lambda: nn.MaxPool2d(3, 2, ceil_mode=True)
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, 2), nn.ReLU(), pool(), Fire(64, 16, 64), Fire(128, 16, 64), pool(),
            Fire(128, 32, 128), Fire(256, 32, 128), pool(), Fire(256, 48, 192), Fire(384, 48, 192),
            Fire(384, 64, 256), Fire(512, 64, 256),
        )
        self.classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(512, 1000, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))

    def forward(self, x):
        return self.classifier(self.features(x)).flatten(1)


def prepare(path):
    image = Image.open(path).convert("RGB")
    short = min(image.size)
    image = image.resize([int(256 * side / short) for side in image.size], Image.BILINEAR)
    left, top = (round((side - 224) / 2) for side in image.size)
    image = image.crop((left, top, left + 224, top + 224))
    x = np.asarray(image, np.float32) / 255
    x = (x - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return torch.tensor(x.transpose(2, 0, 1)[None], dtype=torch.float32)


def observe(model, x, node):
    """The logits, and the result of a module with its gradient kept."""
    kept = []
    # A relu in place would overwrite what is kept.
    hook = model.get_submodule(node).register_forward_hook(lambda _, __, out: kept.append(out))
    logits = model(x)
    hook.remove()
    return logits, kept[0]


def cam(model, x, node, index):
    logits, activation = observe(model, x, node)
    gradient = torch.autograd.grad(logits[0, index], activation)[0]
    weights = gradient.mean((2, 3), keepdim=True)
    return torch.relu((weights * activation).sum(1))[0]


def main():
    model = SqueezeNet().eval()
    model.load_state_dict(weights(ROOT / "archs/weights/squeezenet1_1.safetensors"))
    cases = []
    for name in IMAGES:
        x = prepare(ROOT / "examples/images" / name)
        best = model(x).argmax().item()
        case = {"image": name, "features": [], "cams": []}
        for node in ["features.2", "features.12", "classifier.2", "classifier.3"]:
            value = observe(model, x, node)[1][0].detach()
            case["features"].append({
                "node": node, "shape": list(value.shape), "mean": value.mean().item(),
                "std": value.std(correction=0).item(), "at": (at := value.flatten().topk(20).indices).tolist(), "values": value.flatten()[at].tolist(),
                "pooled": value.mean((1, 2))[:16].tolist(),
            })
        for node, index in [("classifier.2", best), ("features.12", best), ("features.9", best), ("features.12", 924)]:
            map = cam(model, x, node, index)
            case["cams"].append({"node": node, "class": index, "map": map.tolist()})
        cases.append(case)
    here = Path(__file__).parent
    (here / "squeezenet1_1.json").write_text(json.dumps(cases) + "\n")
    np.save(here / "numpy.npy", np.array([[0, 1, 2], [10, 11, 12]], "float32"))


if __name__ == "__main__":
    main()
