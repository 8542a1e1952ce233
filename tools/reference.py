#!/usr/bin/env python3
"""Write the numbers that `archc verify` holds an architecture to, from any PyTorch module.

    python tools/reference.py 'torchvision.models.resnet18()' --input 3x224x224 -o resnet18.json
    python tools/reference.py net.py:build --input 3x32x32 -o net.json

The module is the value of an expression, whose first name is imported, or what a function of a file returns. Its weights
are overwritten with *hash weights*, values that are computed from each weight's name, so that nothing has to be trained,
stored or downloaded to compare every layer of two implementations: tests/reference/README.md in archc's repository says
how, and what the fields of the file mean; docs/porting.md walks through an example. Needs torch and nothing else.
"""
import argparse
import ast
import importlib
import importlib.util
import json
import math
import os
import sys
import tempfile

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode


# ---- hash weights ---------------------------------------------------------------------

def signed(value):
    """A 64-bit number as torch has it; sums and products wrap around alike."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & ((1 << 64) - 1)
    return value


def shifted(z, bits):
    """A shift to the right that brings in zeros; torch's own brings in the sign."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def unit(name, shape):
    """float32 values in [-1, 1): splitmix64, started from the name."""
    z = torch.arange(1, math.prod(shape) + 1, dtype=torch.int64)
    z = z * signed(0x9E3779B97F4A7C15) + signed(fnv1a(name))
    z = (z ^ shifted(z, 30)) * signed(0xBF58476D1CE4E5B9)
    z = (z ^ shifted(z, 27)) * signed(0x94D049BB133111EB)
    z = z ^ shifted(z, 31)
    return (shifted(z, 40).to(torch.float32) / (1 << 24) * 2 - 1).reshape(shape)


def value(name, shape, norm_scale):
    """The weight called `name`."""
    u = unit(name, shape)
    last = name.rsplit(".", 1)[-1]
    if last in ("running_mean", "bias"):
        return u * torch.tensor(0.1)
    if last == "running_var":
        return 1 + 0.5 * u
    if len(shape) >= 2:
        return u * torch.tensor(math.sqrt(6 / math.prod(shape[1:])))
    if len(shape) == 1:
        return torch.tensor(norm_scale) * (1 + 0.25 * u)
    return u


def weights(model):
    """Name and tensor of every parameter and of every buffer of floating-point numbers that is saved."""
    return {name: tensor for name, tensor in model.state_dict().items() if tensor.is_floating_point()}


def fill(model, norm_scale):
    owners = {}
    with torch.no_grad():
        for name, tensor in weights(model).items():
            other = owners.setdefault(tensor.data_ptr(), name)
            if other != name and tensor.numel():
                sys.exit(f"`{other}` and `{name}` are one tensor; in archc, every layer has weights of its own")
            tensor.copy_(value(name, tensor.shape, norm_scale))


# ---- measuring ------------------------------------------------------------------------

def first_tensor(output):
    if isinstance(output, torch.Tensor):
        return output
    values = output.values() if isinstance(output, dict) else output if isinstance(output, (tuple, list)) else ()
    return next((found for found in map(first_tensor, values) if found is not None), None)


def number(x, what):
    x = float(x)
    if not math.isfinite(x):
        sys.exit(f"{what} is {x}; a deep network stays finite with a smaller `--norm-scale`, as 0.3")
    return float(f"{x:.7g}")


class Recorder:
    """A row for each run of each module. MACs are those of a module's own code, without the modules inside it."""

    def __init__(self, model, flops):
        self.flops, self.rows, self.running = flops, [], []
        for path, module in model.named_modules():
            if path:
                module.register_forward_pre_hook(self.enter)
                module.register_forward_hook(lambda module, _, output, path=path: self.leave(path, module, output))

    def enter(self, *_):
        self.running.append([self.flops.get_total_flops(), 0])

    def leave(self, path, module, output):
        before, inside = self.running.pop()
        all_flops = self.flops.get_total_flops() - before
        if self.running:
            self.running[-1][1] += all_flops
        output = first_tensor(output)
        if output is None or not output.is_floating_point():
            return
        leaf = next(module.children(), None) is None
        values = output.double()
        statistics = dict(mean=None, std=None)
        if output.numel() > 1:
            statistics = dict(mean=number(values.mean(), f"the mean of {path}"),
                              std=number(values.std(), f"the deviation of {path}"))
        self.rows.append(dict(
            path=path, type=type(module).__name__, leaf=leaf, output=list(output.shape[1:]),
            params=sum(parameter.numel() for parameter in module.parameters()),
            macs=(all_flops - inside) // 2, **statistics))


def measure(model, name, source, shape, norm_scale):
    model = model.float().eval()
    fill(model, norm_scale)
    # Fused attention hides its products from the counter.
    torch.backends.mha.set_fastpath_enabled(False)
    image = unit("input", (1, *shape)) * 2
    flops = FlopCounterMode(display=False)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), flops:
        recorder = Recorder(model, flops)
        output = first_tensor(model(image))
    if output is None:
        sys.exit("the module returns no tensor")
    logits = output.double().flatten()
    state = weights(model)
    parameters = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    return dict(
        model=name, source=source, input=list(shape), norm_scale=norm_scale,
        params=sum(parameter.numel() for parameter in model.parameters()),
        buffers=sum(tensor.numel() for name, tensor in state.items() if name not in parameters),
        macs=flops.get_total_flops() // 2,
        logits=[number(logit, "a result") for logit in logits],
        logits_l2=number(logits.square().sum().sqrt(), "the result's norm"), argmax=int(logits.argmax()),
        state={name: list(tensor.shape) for name, tensor in state.items()},
        layers=recorder.rows)


# ---- the command ----------------------------------------------------------------------

def build(text):
    """The module that a user names, and a name for it."""
    path, separator, function = text.rpartition(":")
    if separator and path.endswith(".py"):
        sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
        spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return getattr(module, function)(), spec.name
    tree = ast.parse(text, mode="eval").body
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    callee = tree.func if isinstance(tree, ast.Call) else tree
    dotted = ast.unparse(callee)
    scope = {}
    for name in names:
        scope[name] = importlib.import_module(name)
    # `a.b.c()`: what is a module of its own has to be imported before it is an attribute.
    parts = dotted.split(".")
    for end in range(2, len(parts)):
        try:
            importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            break
    return eval(compile(ast.Expression(tree), text, "eval"), scope), parts[-1]


def shape(text):
    dims = [int(part) for part in text.split("x")]
    if not all(dim > 0 for dim in dims):
        raise ValueError
    return dims


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module", help="an expression, or FILE.py:FUNCTION")
    parser.add_argument("--input", type=shape, required=True, metavar="CxHxW", help="the input, without the batch")
    parser.add_argument("--norm-scale", type=float, default=1.0, metavar="S",
                        help="the centre of the norms' scales; below 1 for networks so deep that values overflow")
    parser.add_argument("--source", help="where the module comes from, in words")
    parser.add_argument("--name", help="the architecture's name")
    parser.add_argument("-o", "--output", metavar="FILE", help="the file to write; standard output without it")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    model, name = build(arguments.module)
    if not isinstance(model, nn.Module):
        sys.exit(f"{arguments.module} is a {type(model).__name__}, and no torch.nn.Module")
    source = arguments.source or arguments.module
    result = measure(model, arguments.name or name, source, arguments.input, arguments.norm_scale)
    text = json.dumps(result, separators=(",", ":"), allow_nan=False)
    print(f"{result['model']}: {result['params']:,} parameters, {result['macs']:,} MACs, "
          f"{len(result['layers'])} layers", file=sys.stderr)
    if arguments.output is None:
        print(text)
        return
    folder = os.path.dirname(os.path.abspath(arguments.output))
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as file:
        file.write(text + "\n")
    os.chmod(file.name, 0o644)
    os.replace(file.name, arguments.output)


if __name__ == "__main__":
    main()
