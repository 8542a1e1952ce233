#!/usr/bin/env python3
"""Write the totals that other programs count, for architectures of the zoo and for single ops.

    pip install torch torchvision timm torchinfo==1.8.0 fvcore==0.1.5.post20221221 ptflops==0.7.5 thop==0.1.1.post2209072238
    python tools/conventions.py -o tests/reference/conventions.json

Every model is in evaluation mode, without auxiliary heads, for one image. Weights are as the model starts with: counts do
not depend on them, and nothing is downloaded. `saved` is what gradients keep of a batch of two images in training mode, in
bytes: the storages that autograd saves, parameters and buffers aside, without dropout and with no op in place.
"""
import argparse
import contextlib
import copy
import functools
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


class Function(torch.nn.Module):
    """A function without a module of its own."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


class Attention(torch.nn.Module):
    """Self-attention, without the matrix of weights as a second result."""

    def __init__(self, width, heads):
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


class Words(torch.nn.Module):
    """Vectors of numbers: always the first, since programs try memory as it is."""

    def __init__(self, count, size):
        super().__init__()
        self.table = torch.nn.Embedding(count, size)

    def forward(self, x):
        return self.table(torch.zeros_like(x, dtype=torch.long))


TORCHVISION = [
    "alexnet", "vgg11", "vgg16", "vgg16_bn", "vgg19", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "wide_resnet50_2",
    "resnext50_32x4d", "densenet121", "densenet161", "densenet201", "squeezenet1_0", "squeezenet1_1", "mobilenet_v2",
]
MODELS = {name: (functools.partial(torchvision.models.get_model, name), 224) for name in TORCHVISION} | {
    "googlenet": (lambda: torchvision.models.googlenet(aux_logits=False, init_weights=False), 224),
    "inception_v3": (lambda: torchvision.models.inception_v3(aux_logits=False, init_weights=False), 299),
    "xception": (lambda: timm.create_model("legacy_xception"), 299),
}

# The body of an architecture whose only op this is, whether PyTorch calls it as a function, and PyTorch's program.
F = torch.nn.functional
OPS = [
    ("input x[6, 9, 8]; conv(4, 3, 2, groups = 2)", False, lambda: torch.nn.Conv2d(6, 4, 3, 2, 1, groups=2)),
    ("input x[6, 9, 8]; conv(4, [1, 5], bias = false)", False, lambda: torch.nn.Conv2d(6, 4, (1, 5), padding=(0, 2), bias=False)),
    ("input x[6, 9, 8]; depthwise_conv(3)", False, lambda: torch.nn.Conv2d(6, 6, 3, padding=1, groups=6)),
    ("input x[6, 5, 4]; conv_transpose(4, 3, 2)", False, lambda: torch.nn.ConvTranspose2d(6, 4, 3, 2)),
    ("input x[6, 5, 4]; conv_transpose(4, 2, 2, groups = 2, bias = false)", False, lambda: torch.nn.ConvTranspose2d(6, 4, 2, 2, groups=2, bias=False)),
    ("input x[12]; linear(5)", False, lambda: torch.nn.Linear(12, 5)),
    ("input x[12]; linear(5, bias = false)", False, lambda: torch.nn.Linear(12, 5, bias=False)),
    ("input x[7, 12]; linear(5)", False, lambda: torch.nn.Linear(12, 5)),
    ("input x[6, 5, 4]; batch_norm", False, lambda: torch.nn.BatchNorm2d(6)),
    ("input x[6, 5, 4]; batch_norm(scale = false, center = false)", False, lambda: torch.nn.BatchNorm2d(6, affine=False)),
    ("input x[7, 12]; layer_norm", False, lambda: torch.nn.LayerNorm(12)),
    ("input x[7, 12]; layer_norm(affine = false)", False, lambda: torch.nn.LayerNorm(12, elementwise_affine=False)),
    ("input x[6, 5, 4]; group_norm(3)", False, lambda: torch.nn.GroupNorm(3, 6)),
    ("input x[6, 5, 4]; group_norm(3, affine = false)", False, lambda: torch.nn.GroupNorm(3, 6, affine=False)),
    ("input x[6, 5, 4]; lrn(5)", False, lambda: torch.nn.LocalResponseNorm(5)),
    ("input x[6, 5, 4]; relu", False, lambda: torch.nn.ReLU()),
    ("input x[6, 5, 4]; relu", True, lambda: Function(lambda x: F.relu(x))),
    ("input x[6, 5, 4]; relu6", False, lambda: torch.nn.ReLU6()),
    ("input x[6, 5, 4]; relu6", True, lambda: Function(lambda x: F.relu6(x))),
    ("input x[6, 5, 4]; leaky_relu", False, lambda: torch.nn.LeakyReLU()),
    ("input x[6, 5, 4]; leaky_relu", True, lambda: Function(lambda x: F.leaky_relu(x))),
    ("input x[6, 5, 4]; elu", False, lambda: torch.nn.ELU()),
    ("input x[6, 5, 4]; elu", True, lambda: Function(lambda x: F.elu(x))),
    ("input x[6, 5, 4]; gelu", False, lambda: torch.nn.GELU()),
    ("input x[6, 5, 4]; gelu", True, lambda: Function(lambda x: F.gelu(x))),
    ("input x[6, 5, 4]; silu", False, lambda: torch.nn.SiLU()),
    ("input x[6, 5, 4]; silu", True, lambda: Function(lambda x: F.silu(x))),
    ("input x[6, 5, 4]; sigmoid", False, lambda: torch.nn.Sigmoid()),
    ("input x[6, 5, 4]; hard_sigmoid", False, lambda: torch.nn.Hardsigmoid()),
    ("input x[6, 5, 4]; hard_swish", False, lambda: torch.nn.Hardswish()),
    ("input x[6, 5, 4]; tanh", False, lambda: torch.nn.Tanh()),
    ("input x[6, 5, 4]; prelu", False, lambda: torch.nn.PReLU()),
    ("input x[6, 5, 4]; softmax", False, lambda: torch.nn.Softmax(1)),
    ("input x[6, 5, 4]; softmax(3)", False, lambda: torch.nn.Softmax(3)),
    ("input x[6, 5, 4]; softmax", True, lambda: Function(lambda x: F.softmax(x, 1))),
    ("input x[6, 5, 4]; log_softmax", False, lambda: torch.nn.LogSoftmax(1)),
    ("input x[6, 9, 8]; max_pool(3, 2)", False, lambda: torch.nn.MaxPool2d(3, 2)),
    ("input x[6, 9, 8]; max_pool(3, 2)", True, lambda: Function(lambda x: F.max_pool2d(x, 3, 2))),
    ("input x[6, 9, 8]; avg_pool(3, 2)", False, lambda: torch.nn.AvgPool2d(3, 2)),
    ("input x[6, 9, 8]; avg_pool(3, 2)", True, lambda: Function(lambda x: F.avg_pool2d(x, 3, 2))),
    ("input x[6, 9, 8]; global_avg_pool", False, lambda: torch.nn.AdaptiveAvgPool2d(1)),
    ("input x[6, 9, 8]; global_avg_pool", True, lambda: Function(lambda x: F.adaptive_avg_pool2d(x, 1))),
    ("input x[6, 9, 8]; adaptive_avg_pool([3, 2])", False, lambda: torch.nn.AdaptiveAvgPool2d((3, 2))),
    ("input x[6, 9, 8]; adaptive_avg_pool([3, 2])", True, lambda: Function(lambda x: F.adaptive_avg_pool2d(x, (3, 2)))),
    ("input x[3, 2, 8]; adaptive_avg_pool([2, 6])", False, lambda: torch.nn.AdaptiveAvgPool2d((2, 6))),
    ("input x[6, 9, 8]; global_max_pool", False, lambda: torch.nn.AdaptiveMaxPool2d(1)),
    ("input x[6, 9, 8]; global_max_pool", True, lambda: Function(lambda x: F.adaptive_max_pool2d(x, 1))),
    ("input x[6, 5, 4]; upsample(2)", False, lambda: torch.nn.Upsample(scale_factor=2)),
    ("input x[6, 5, 4]; upsample(2)", True, lambda: Function(lambda x: F.interpolate(x, scale_factor=2))),
    ('input x[6, 5, 4]; upsample(2, mode = "bilinear")', False, lambda: torch.nn.Upsample(scale_factor=2, mode="bilinear")),
    ('input x[6, 5, 4]; upsample(2, mode = "bilinear")', True, lambda: Function(lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"))),
    ("input x[6, 5, 4]; add(in)", False, lambda: Function(lambda x: x + x)),
    ("input x[6, 5, 4]; mul(in)", False, lambda: Function(lambda x: x * x)),
    ("input x[6, 5, 4]; sub(in)", False, lambda: Function(lambda x: x - x)),
    ("input x[6, 5, 4]; div(in)", False, lambda: Function(lambda x: x / x)),
    ("input x[6, 5, 4]; maximum(in)", False, lambda: Function(lambda x: torch.maximum(x, x))),
    ("input x[6, 5, 4]; minimum(in)", False, lambda: Function(lambda x: torch.minimum(x, x))),
    ("input x[6, 5, 4]; mean([2, 3])", False, lambda: Function(lambda x: x.mean((2, 3)))),
    ("input x[6, 5, 4]; concat(in)", False, lambda: Function(lambda x: torch.cat([x, x], 1))),
    ("input x[6, 5, 4]; flatten", False, lambda: torch.nn.Flatten()),
    ("input x[6, 5, 4]; reshape([12, 10])", False, lambda: Function(lambda x: x.reshape(-1, 12, 10))),
    ("input x[6, 5, 4]; permute([2, 3, 1])", False, lambda: Function(lambda x: x.permute(0, 2, 3, 1))),
    ("input x[6, 5, 4]; transpose(1, 2)", False, lambda: Function(lambda x: x.transpose(1, 2))),
    ("input x[6, 1, 4]; squeeze(2)", False, lambda: Function(lambda x: x.squeeze(2))),
    ("input x[6, 4]; unsqueeze(2)", False, lambda: Function(lambda x: x.unsqueeze(2))),
    ("input x[6, 5, 4]; slice(1, 0, 2)", False, lambda: Function(lambda x: x[:, 0:2])),
    ("input x[6, 5, 4]; subsample(2)", False, lambda: Function(lambda x: x[:, :, ::2, ::2])),
    ("input x[6, 5, 4]; channel_shuffle(2)", False, lambda: torch.nn.ChannelShuffle(2)),
    ("input x[6, 5, 4]; drop_path", False, lambda: torch.nn.Identity()),
    ("input x[6, 5, 4]; dropout", False, lambda: torch.nn.Dropout()),
    ("input x[6, 5, 4]; pad(1)", False, lambda: torch.nn.ZeroPad2d(1)),
    ("input x[8, 5, 4]; pixel_shuffle(2)", False, lambda: torch.nn.PixelShuffle(2)),
    ("input x[7, 7]; matmul(in)", False, lambda: Function(lambda x: torch.matmul(x, x))),
    ("input x[7, 12]; attention(3)", False, lambda: Attention(12, 3)),
    ("input x[7]; embedding(5, 3)", False, lambda: Words(5, 3)),
]


def torchinfo_total(model, shape):
    return torchinfo.summary(model, (1, *shape), verbose=0, device="cpu").total_mult_adds


def fvcore_total(model, shape):
    count = fvcore.nn.FlopCountAnalysis(model, torch.zeros(1, *shape))
    return count.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total()


def ptflops_total(backend):
    def total(model, shape):
        return ptflops.get_model_complexity_info(
            model, tuple(shape), as_strings=False, print_per_layer_stat=False, backend=backend)[0]
    return total


def thop_total(model, shape):
    return thop.profile(model, (torch.zeros(1, *shape),), verbose=False)[0]


TOOLS = {
    "torchinfo": torchinfo_total,
    "fvcore": fvcore_total,
    "ptflops": ptflops_total("pytorch"),
    "ptflops-aten": ptflops_total("aten"),
    "thop": thop_total,
}


def totals(build, shape):
    model = build().eval()
    counted = {}
    for name, total in TOOLS.items():
        # The programs leave hooks and buffers behind.
        with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
            number = total(copy.deepcopy(model), shape)
        assert number == int(number), (name, number)
        counted[name] = int(number)
    return counted


def saved(build, shape):
    model = build().train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.eval()
        if hasattr(module, "inplace"):
            module.inplace = False
    own = {tensor.untyped_storage().data_ptr() for tensor in [*model.parameters(), *model.buffers()]}
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = model(torch.zeros(2, *shape) + 0.1)
    del result
    return sum(tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in own)


def model_entry(name):
    build, size = MODELS[name]
    shape = [3, size, size]
    return {"input": shape, "totals": totals(build, shape), "saved": saved(build, shape)}


def op_entry(body, function, build):
    shape = [int(size) for size in body.split("[")[1].split("]")[0].split(",")]
    return {"body": body.replace("; ", "\n"), "function": function, "totals": totals(build, shape)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=list(MODELS))
    parser.add_argument("-o", "--output", required=True)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    packages = ["torch", "torchvision", "timm", "torchinfo", "fvcore", "ptflops", "thop"]
    entries = {
        "about": "what other programs count, written by: python tools/conventions.py -o tests/reference/conventions.json",
        "versions": {package: importlib.metadata.version(package) for package in packages},
        "models": {name: model_entry(name) for name in args.models},
        "ops": [op_entry(*case) for case in OPS],
    }
    with open(args.output, "w") as file:
        file.write(lines(entries))


def lines(entries):
    """JSON with an entry a line."""
    models = ",\n".join(f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries["models"].items())
    ops = ",\n".join(f"    {json.dumps(entry)}" for entry in entries["ops"])
    head = "".join(f"  {json.dumps(key)}: {json.dumps(entries[key])},\n" for key in ["about", "versions"])
    return f'{{\n{head}  "models": {{\n{models}\n  }},\n  "ops": [\n{ops}\n  ]\n}}\n'


if __name__ == "__main__":
    main()
