"""Writes efficientnet_lite0.json: what timm's tf_efficientnet_lite0 computes with the weights in archs/weights/.

    pip install torch timm pillow==12.3.0
    python tests/run/make_efficientnet_lite0.py
"""

import json
from pathlib import Path

import numpy
import PIL
import timm
import torch
from PIL import Image
from safetensors.torch import load_file

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "archs/weights/efficientnet_lite0.safetensors"
LABELS = (ROOT / "src/weights/imagenet1k.txt").read_text().splitlines()
PHOTOS = {
    "chelsea.png": "examples/images/chelsea.png",
    "coffee.png": "examples/images/coffee.png",
    # As Pillow decodes it, so that decoders make no difference.
    "rocket.jpg": "tests/image/rocket.decoded.png",
}


def prepared(path):
    """The photo resized to a short side of 256, its middle, and (x - 127) / 128."""
    photo = Image.open(path).convert("RGB")
    width, height = photo.size
    short = min(width, height)
    size = [256 if side == short else int(256 * side / short) for side in (width, height)]
    photo = photo.resize(size, Image.Resampling.BICUBIC)
    left, top = (round((side - 224) / 2) for side in size)
    pixels = numpy.asarray(photo.crop((left, top, left + 224, top + 224)), dtype=numpy.float32)
    return torch.from_numpy((pixels - 127) / 128).permute(2, 0, 1)[None].contiguous()


def rounded(value):
    return float(f"{value:.6g}")


model = timm.create_model("tf_efficientnet_lite0", pretrained=False)
state = {name: tensor.float() for name, tensor in load_file(WEIGHTS).items()}
missing = model.load_state_dict(state, strict=False)
assert not missing.unexpected_keys, missing
assert all(name.endswith("num_batches_tracked") for name in missing.missing_keys), missing
model.eval()

results = []
for name, path in PHOTOS.items():
    image = prepared(ROOT / path)
    with torch.no_grad():
        logits = model(image)[0]
    best = logits.topk(5).indices.tolist()
    probabilities = logits.softmax(0)
    results.append({
        "image": name,
        "top5": [
            {"index": i, "label": LABELS[i], "logit": rounded(logits[i]), "probability": rounded(probabilities[i])}
            for i in best
        ],
        "input_probe": [
            {"c_y_x": [c, y, x], "value": rounded(image[0, c, y, x])}
            for c, y, x in [(0, 0, 0), (1, 100, 50), (2, 223, 223)]
        ],
        "logits": [rounded(value) for value in logits],
    })
versions = {"pillow": PIL.__version__, "torch": torch.__version__, "timm": timm.__version__}
out = {"model": "efficientnet_lite0", "versions": versions, "results": results}
(ROOT / "tests/run/efficientnet_lite0.json").write_text(json.dumps(out) + "\n")
