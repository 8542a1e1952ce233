"""Writes public.json: the names and shapes of the weights in the public files that presets.json lists.

    pip install torch torchvision timm
    python tests/reference/make_public.py

The files are not fetched: a published file has the state of the model that its library builds for it. Where that is
what `models/<arch>.json` has, the entry is null.
"""

import json
from pathlib import Path

import timm
import torch
import torchvision

HERE = Path(__file__).parent


def state_of(arch, preset):
    torch.manual_seed(0)
    if "url" in preset:
        # The files of these two hold the auxiliary classifiers of their training.
        aux = {"aux_logits": True} if arch in ("googlenet", "inception_v3") else {}
        if aux:
            aux["init_weights"] = False
        model = getattr(torchvision.models, arch)(weights=None, **aux)
    else:
        name = preset["hub"].split("/")[1]
        # So does this one, which timm took from torchvision.
        aux = {"aux_logits": True} if name == "inception_v3.tv_in1k" else {}
        model = timm.create_model(name.split(".")[0], pretrained=False, **aux)
    return {name: list(tensor.shape) for name, tensor in model.state_dict().items() if "num_batches" not in name}


public = {}
for arch, presets in json.loads((HERE / "presets.json").read_text()).items():
    known = HERE / "models" / f"{arch}.json"
    known = json.loads(known.read_text())["state"] if known.exists() else None
    for preset in presets:
        state = state_of(arch, preset)
        public[preset.get("url") or preset["hub"]] = None if state == known else state
lines = [f" {json.dumps(key)}: {json.dumps(state)}" for key, state in public.items()]
(HERE / "public.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
