#!/usr/bin/env python3
"""Write the totals that other programs count for architectures of the zoo.

    pip install torch torchvision timm torchinfo==1.8.0 fvcore==0.1.5.post20221221 ptflops==0.7.5 thop==0.1.1.post2209072238
    python tools/conventions.py -o tests/reference/conventions.json

Every model is in evaluation mode, without auxiliary heads, for one image. Weights are as the model starts with: counts do
not depend on them, and nothing is downloaded.
"""
import argparse
import contextlib
import copy
import importlib.metadata
import io
import json
import logging
import warnings

import fvcore.nn
import ptflops
import thop
import timm
import torch
import torchinfo
import torchvision

MODELS = {
    "alexnet": (lambda: torchvision.models.alexnet(), 224),
    "vgg16": (lambda: torchvision.models.vgg16(), 224),
    "googlenet": (lambda: torchvision.models.googlenet(aux_logits=False, init_weights=False), 224),
    "inception_v3": (lambda: torchvision.models.inception_v3(aux_logits=False, init_weights=False), 299),
    "inception_v4": (lambda: timm.create_model("inception_v4"), 299),
    "inception_resnet_v2": (lambda: timm.create_model("inception_resnet_v2"), 299),
    "resnet18": (lambda: torchvision.models.resnet18(), 224),
    "resnet50": (lambda: torchvision.models.resnet50(), 224),
    "resnext50_32x4d": (lambda: torchvision.models.resnext50_32x4d(), 224),
    "xception": (lambda: timm.create_model("legacy_xception"), 299),
    "densenet121": (lambda: torchvision.models.densenet121(), 224),
    "squeezenet1_1": (lambda: torchvision.models.squeezenet1_1(), 224),
    "mobilenet_v2": (lambda: torchvision.models.mobilenet_v2(), 224),
}


def torchinfo_total(model, size):
    return torchinfo.summary(model, (1, 3, size, size), verbose=0, device="cpu").total_mult_adds


def fvcore_total(model, size):
    count = fvcore.nn.FlopCountAnalysis(model, torch.zeros(1, 3, size, size))
    return count.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total()


def ptflops_total(backend):
    def total(model, size):
        return ptflops.get_model_complexity_info(
            model, (3, size, size), as_strings=False, print_per_layer_stat=False, backend=backend)[0]
    return total


def thop_total(model, size):
    return thop.profile(model, (torch.zeros(1, 3, size, size),), verbose=False)[0]


TOOLS = {
    "torchinfo": torchinfo_total,
    "fvcore": fvcore_total,
    "ptflops": ptflops_total("pytorch"),
    "ptflops-aten": ptflops_total("aten"),
    "thop": thop_total,
}


def totals(build, size):
    model = build().eval()
    counted = {}
    for name, total in TOOLS.items():
        # The programs leave hooks and buffers behind.
        with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
            number = total(copy.deepcopy(model), size)
        assert number == int(number), (name, number)
        counted[name] = int(number)
    return {"input": [3, size, size], "totals": counted}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=list(MODELS))
    parser.add_argument("-o", "--output", required=True)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    packages = ["torch", "torchvision", "timm", "torchinfo", "fvcore", "ptflops", "thop"]
    document = {
        "versions": {package: importlib.metadata.version(package) for package in packages},
        "models": {name: totals(*MODELS[name]) for name in args.models},
    }
    with open(args.output, "w") as file:
        json.dump(document, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
