"""Writes the names and shapes of timm's models beside this script: `python make.py` with timm (1.0.31 wrote what is here)."""

from pathlib import Path

import timm
import torch

for name in ["mobilenetv2_100", "vgg16", "vgg16_bn"]:
    with torch.device("meta"):
        state = timm.create_model(name).state_dict()
    lines = [f"{name} {'x'.join(map(str, value.shape)) or '-'}\n" for name, value in state.items()]
    (Path(__file__).parent / f"timm_{name}.txt").write_text("".join(lines))
