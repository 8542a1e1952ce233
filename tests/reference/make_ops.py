"""Writes ops.json: what PyTorch computes for small cases of every op.

    python3 -m venv venv && venv/bin/pip install torch numpy && venv/bin/python make_ops.py

Inputs and weights are computed from their names, here and in the test alike, so that the file holds results alone:
`value` below. A case holds the op, its arguments, the operands of a merge (null for the next input, or a number), the
shapes of its inputs with the batch (`batched` false for a learned tensor), weights as PyTorch names and shapes them,
the result, the gradient of sum(result * value("grad")) for the first input, and for each trainable weight that
gradient's product with value("probe/NAME"), summed. All of it is computed in float64.
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
MASK = (1 << 64) - 1
CASES = []


def value(name, shape):
    """Numbers in [-1, 1): FNV-1a of the name, then splitmix64, 24 bits of it."""
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    out = []
    for i in range(math.prod(shape)):
        z = (h + (i + 1) * 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        out.append((z >> 40) / 2**24 * 2 - 1)
    return torch.tensor(out).reshape(shape)


def weight(name, shape):
    if name == "running_var":
        return value(name, shape) * 0.5 + 1
    return value(name, shape)


def rounded(tensor):
    return [float(f"{v:.7g}") for v in tensor.flatten().tolist()]


def case(op, args, inputs, function, weights=(), operands=None, scale=3.0, grad=True, indices=None, batched=None):
    """`function` takes the inputs, then the weights."""
    xs = [value(f"input{i}", shape) * scale for i, shape in enumerate(inputs)]
    if indices:
        xs = [((x / scale + 1) / 2 * indices).floor() for x in xs]
    ws = [weight(name, shape) for name, shape in weights]
    trainable = [not name.startswith("running_") for name, _ in weights]
    if grad:
        xs[0].requires_grad_()
    for w, t in zip(ws, trainable):
        w.requires_grad_(t)
    y = function(*xs, *ws)
    entry = {"op": op, "args": args, "inputs": inputs, "scale": scale}
    if operands is not None:
        entry["operands"] = operands
    if indices:
        entry["indices"] = indices
    if batched:
        entry["batched"] = batched
    if weights:
        entry["weights"] = [{"name": name, "shape": list(shape)} for name, shape in weights]
    entry["shape"] = list(y.shape)
    entry["result"] = rounded(y.detach())
    if grad or any(trainable):
        (y * value("grad", list(y.shape))).sum().backward()
    if grad:
        entry["gradient"] = rounded(xs[0].grad)
    entry["weight_gradients"] = [
        float(f"{(w.grad * value('probe/' + name, shape)).sum().item():.7g}")
        for (name, shape), w, t in zip(weights, ws, trainable)
        if t
    ]
    CASES.append(entry)


def pair(v):
    return list(v) if isinstance(v, (list, tuple)) else [v, v]


def sides(pad, size, kernel, stride, dilation):
    """[top, bottom, left, right] of a padding as the language has it."""
    if pad == "half":
        h, w = (d * (k - 1) // 2 for d, k in zip(dilation, kernel))
        return [h, h, w, w]
    if pad == "valid":
        return [0, 0, 0, 0]
    if pad == "same_upper":
        out = []
        for n, k, s, d in zip(size, kernel, stride, dilation):
            # tf.nn.convolution's notes: the last window's remainder decides.
            effective = (k - 1) * d + 1
            total = max(effective - s, 0) if n % s == 0 else max(effective - n % s, 0)
            out += [total // 2, total - total // 2]
        return out
    if isinstance(pad, list) and len(pad) == 4:
        return pad
    h, w = pair(pad)
    return [h, h, w, w]


def padded(x, pads, fill=0.0):
    top, bottom, left, right = pads
    return F.pad(x, (left, right, top, bottom), value=fill)


# Convolutions


def conv(shape, out, kernel, stride=None, pad=None, dilation=None, groups=None, bias=None):
    given = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups, "bias": bias}
    args = {"out": out, "kernel": kernel} | {k: v for k, v in given.items() if v is not None}
    k, s, d = pair(kernel), pair(stride or 1), pair(dilation or 1)
    pads = sides("half" if pad is None else pad, shape[2:], k, s, d)
    g = groups or 1
    weights = [("weight", (out, shape[1] // g, *k))]
    if bias is not False:
        weights.append(("bias", (out,)))

    def run(x, w, b=None):
        return F.conv2d(padded(x, pads), w, b, s, 0, d, g)

    case("conv", args, [shape], run, weights)


conv([1, 3, 5, 5], 4, 3)
conv([3, 2, 5, 6], 3, 3, stride=2)
conv([1, 2, 6, 7], 3, 3, stride=2, pad="valid", bias=False)
conv([1, 2, 6, 7], 3, 3, stride=2, pad="same_upper")
conv([1, 2, 7, 6], 3, 3, stride=2, pad="same_upper")
conv([1, 2, 7, 7], 3, 5, stride=3, pad="same_upper", dilation=2)
conv([1, 2, 6, 6], 3, 2, stride=2, pad=0)
conv([1, 2, 6, 5], 3, 2, pad="same_upper")
conv([2, 2, 6, 7], 3, 3, stride=2, pad=1)
conv([1, 2, 6, 7], 3, 3, stride=2, pad=[2, 0])
conv([1, 2, 6, 7], 3, 3, stride=2, pad=[0, 1, 2, 0])
conv([1, 2, 7, 6], 3, 7, stride=2, pad=3)
conv([1, 2, 9, 8], 3, 3, dilation=2)
conv([1, 2, 9, 8], 3, 3, stride=2, dilation=3, pad=2)
conv([1, 2, 8, 9], 3, [1, 7])
conv([2, 2, 8, 9], 3, [7, 1])
conv([1, 2, 7, 9], 3, [3, 1], stride=[2, 1], pad=[1, 0])
conv([2, 4, 7, 9], 6, [3, 5], stride=[1, 3], groups=2)
conv([1, 2, 9, 9], 3, 3, stride=[2, 3], dilation=[2, 1], pad=[2, 1, 0, 1])
conv([1, 2, 9, 9], 3, 3, dilation=[1, 2])
conv([1, 4, 5, 5], 6, 3, groups=2, bias=False)
conv([2, 6, 5, 4], 6, 3, groups=3, stride=2)
conv([1, 4, 5, 5], 8, 3, groups=4)
conv([1, 4, 6, 5], 4, [5, 3], groups=4, stride=2)
conv([1, 3, 1, 1], 4, 1)
conv([3, 3, 1, 1], 4, 3)
conv([1, 3, 1, 1], 2, 3, stride=2, pad=1)
conv([1, 3, 5, 6], 4, 1, stride=2)
conv([1, 1, 4, 4], 1, 1, stride=[3, 2], pad=[3, 0, 0, 3])
conv([1, 2, 3, 3], 2, 3, stride=5, pad="valid")


def depthwise(shape, kernel, stride=None, pad=None, dilation=None, multiplier=None, bias=None):
    given = {"stride": stride, "pad": pad, "dilation": dilation, "multiplier": multiplier, "bias": bias}
    args = {"kernel": kernel} | {k: v for k, v in given.items() if v is not None}
    k, s, d = pair(kernel), pair(stride or 1), pair(dilation or 1)
    pads = sides("half" if pad is None else pad, shape[2:], k, s, d)
    c = shape[1]
    out = c * (multiplier or 1)
    weights = [("weight", (out, 1, *k))] + ([] if bias is False else [("bias", (out,))])

    def run(x, w, b=None):
        return F.conv2d(padded(x, pads), w, b, s, 0, d, c)

    case("depthwise_conv", args, [shape], run, weights)


depthwise([1, 3, 5, 6], 3)
depthwise([3, 3, 6, 5], 3, stride=2, bias=False)
depthwise([1, 3, 6, 7], 3, stride=2, pad="same_upper")
depthwise([1, 2, 7, 6], 5, stride=2, pad="valid")
depthwise([1, 2, 8, 7], 3, stride=2, dilation=2)
depthwise([2, 2, 5, 5], 3, multiplier=3)
depthwise([1, 3, 7, 7], 3, stride=2, multiplier=2, pad="same_upper", bias=False)
depthwise([1, 3, 8, 9], [1, 7])
depthwise([1, 3, 8, 9], [7, 1], stride=[1, 2])
depthwise([1, 2, 7, 8], 4, stride=[3, 2], pad=[1, 2, 2, 1], dilation=[1, 2])
depthwise([1, 4, 1, 1], 3)
depthwise([2, 1, 4, 4], 3)
depthwise([1, 2, 5, 5], 1, stride=2)


def conv_transpose(shape, out, kernel, stride=None, pad=None, output_pad=None, groups=None, bias=None, dilation=None):
    given = {
        "stride": stride,
        "pad": pad,
        "output_pad": output_pad,
        "groups": groups,
        "bias": bias,
        "dilation": dilation,
    }
    args = {"out": out, "kernel": kernel} | {k: v for k, v in given.items() if v is not None}
    g = groups or 1
    weights = [("weight", (shape[1], out // g, *pair(kernel)))] + ([] if bias is False else [("bias", (out,))])
    top, bottom, left, right = sides(pad or 0, shape[2:], None, None, None)

    def run(x, w, b=None):
        y = F.conv_transpose2d(x, w, b, pair(stride or 1), 0, pair(output_pad or 0), g, pair(dilation or 1))
        return y[:, :, top : y.shape[2] - bottom, left : y.shape[3] - right]

    case("conv_transpose", args, [shape], run, weights)


conv_transpose([1, 4, 3, 4], 2, 2, stride=2)
conv_transpose([2, 3, 3, 2], 2, 3)
conv_transpose([1, 3, 3, 4], 2, 4, stride=2, pad=1)
conv_transpose([1, 3, 4, 3], 2, 3, stride=2, pad=1, output_pad=1, bias=False)
conv_transpose([1, 4, 3, 3], 6, 3, stride=3, groups=2)
conv_transpose([1, 2, 3, 4], 2, [3, 2], stride=[1, 2], pad=[1, 0], output_pad=[0, 1], dilation=[2, 1])
conv_transpose([1, 2, 3, 3], 1, 3, stride=2, dilation=3, output_pad=2)
conv_transpose([1, 2, 3, 3], 2, 2, stride=3)
conv_transpose([1, 2, 3, 3], 2, 3, stride=2, pad=[0, 1, 2, 1])
conv_transpose([3, 2, 1, 1], 2, 4, stride=4)
# Pads on both sides, given to PyTorch itself.
for args in [(2, 1, 1), (3, 2, 2)]:
    stride, pad, output_pad = args
    case(
        "conv_transpose",
        {"out": 2, "kernel": 5, "stride": stride, "pad": pad, "output_pad": output_pad},
        [[1, 2, 4, 3]],
        lambda x, w, b: F.conv_transpose2d(x, w, b, stride, pad, output_pad),
        [("weight", (2, 2, 5, 5)), ("bias", (2,))],
    )

# Pools


def max_pool(shape, kernel, stride=None, pad=None, dilation=None, ceil_mode=None):
    given = {"stride": stride, "pad": pad, "dilation": dilation, "ceil_mode": ceil_mode}
    args = {"kernel": kernel} | {k: v for k, v in given.items() if v is not None}
    k, s, d = pair(kernel), pair(stride or kernel), pair(dilation or 1)
    if isinstance(pad, str) or isinstance(pad, list) and len(pad) == 4:
        pads = sides(pad, shape[2:], k, s, d)
        run = lambda x: F.max_pool2d(padded(x, pads, -math.inf), k, s, 0, d, ceil_mode or False)
    else:
        run = lambda x: F.max_pool2d(x, k, s, pair(pad or 0), d, ceil_mode or False)
    case("max_pool", args, [shape], run)


max_pool([1, 2, 6, 6], 2)
max_pool([3, 2, 7, 6], 3, stride=2, pad=1)
max_pool([1, 2, 6, 7], 3, stride=2)
max_pool([1, 2, 6, 7], 3, stride=2, ceil_mode=True)
max_pool([1, 2, 7, 5], 2, stride=2, pad=1, ceil_mode=True)
max_pool([1, 2, 5, 6], 2, stride=3, pad=[1, 0], ceil_mode=True)
max_pool([1, 1, 2, 2], 3, stride=2, ceil_mode=True)
max_pool([1, 2, 6, 7], 3, stride=2, pad="same_upper")
max_pool([1, 2, 7, 7], 3, stride=1, pad="half")
max_pool([1, 2, 6, 7], 2, stride=1, pad="same_upper")
max_pool([1, 2, 8, 9], 3, stride=2, dilation=2, pad=1)
max_pool([1, 2, 8, 9], 3, stride=2, dilation=3, pad="half")
max_pool([1, 2, 8, 9], [2, 3], stride=[3, 2], pad=[1, 1], dilation=[1, 3])
max_pool([1, 2, 7, 7], 3, stride=2, pad=[0, 1, 1, 0])
max_pool([1, 3, 1, 1], 3, stride=2, pad=1)
max_pool([2, 3, 5, 5], 5)


def avg_pool(shape, kernel, stride=None, pad=None, ceil_mode=None, count_include_pad=None):
    given = {"stride": stride, "pad": pad, "ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
    args = {"kernel": kernel} | {k: v for k, v in given.items() if v is not None}
    k, s = pair(kernel), pair(stride or kernel)
    count = count_include_pad is not False
    if isinstance(pad, str) or isinstance(pad, list) and len(pad) == 4:
        pads = sides(pad, shape[2:], k, s, [1, 1])

        def run(x):
            y = F.avg_pool2d(padded(x, pads), k, s)
            share = F.avg_pool2d(padded(torch.ones_like(x), pads), k, s)
            return y if count else y / share

    else:
        run = lambda x: F.avg_pool2d(x, k, s, pair(pad or 0), ceil_mode or False, count)
    case("avg_pool", args, [shape], run)


avg_pool([1, 2, 6, 6], 2)
avg_pool([3, 2, 5, 6], 3, stride=2, pad=1)
avg_pool([1, 2, 5, 6], 3, stride=1, pad=1, count_include_pad=False)
for include in [True, False]:
    avg_pool([1, 2, 6, 7], 3, stride=2, ceil_mode=True, count_include_pad=include)
    avg_pool([1, 2, 6, 7], 3, stride=2, pad=1, ceil_mode=True, count_include_pad=include)
    avg_pool([1, 2, 5, 8], [2, 4], stride=3, pad=[1, 2], ceil_mode=True, count_include_pad=include)
    avg_pool([1, 1, 2, 2], 3, stride=2, ceil_mode=True, count_include_pad=include)
    avg_pool([1, 2, 6, 7], 3, stride=2, pad="same_upper", count_include_pad=include)
    avg_pool([1, 2, 6, 7], [2, 3], stride=1, pad="same_upper", count_include_pad=include)
    avg_pool([1, 2, 6, 7], 3, stride=2, pad=[1, 0, 0, 1], count_include_pad=include)
    avg_pool([1, 2, 1, 1], 3, stride=1, pad=1, count_include_pad=include)
avg_pool([1, 2, 7, 7], 7)

for shape, out in [([1, 2, 7, 5], 3), ([2, 2, 13, 13], [6, 1]), ([1, 2, 3, 2], [7, 2]), ([1, 2, 4, 6], 2), ([1, 3, 1, 1], 2)]:
    case("adaptive_avg_pool", {"out": out}, [shape], lambda x: F.adaptive_avg_pool2d(x, out))
for shape in [[1, 3, 5, 4], [3, 2, 1, 1]]:
    case("global_avg_pool", {}, [shape], lambda x: x.mean((2, 3), keepdim=True))
    case("global_max_pool", {}, [shape], lambda x: x.amax((2, 3), keepdim=True))

# Layers

case("linear", {"out": 4}, [[3, 5]], F.linear, [("weight", (4, 5)), ("bias", (4,))])
case("linear", {"out": 4, "bias": False}, [[1, 5]], F.linear, [("weight", (4, 5))])
case("linear", {"out": 4}, [[2, 3, 5]], F.linear, [("weight", (4, 5)), ("bias", (4,))])
case("linear", {"out": 4}, [[2, 2, 2, 2, 3]], F.linear, [("weight", (4, 3)), ("bias", (4,))])
case(
    "linear",
    {"out": 4, "axis": 1},
    [[2, 5, 3, 2]],
    lambda x, w, b: F.linear(x.permute(0, 2, 3, 1), w, b).permute(0, 3, 1, 2),
    [("weight", (4, 5)), ("bias", (4,))],
)

stats = lambda c: [("running_mean", (c,)), ("running_var", (c,))]
for shape in [[1, 3, 4, 5], [3, 2, 1, 1], [2, 5], [2, 3, 4]]:
    c = shape[1]
    for args, eps in [({}, 1e-5), ({"eps": 1e-3, "momentum": 0.01}, 1e-3)]:
        case(
            "batch_norm",
            args,
            [shape],
            lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, eps=eps),
            [("weight", (c,)), ("bias", (c,)), *stats(c)],
        )
case(
    "batch_norm",
    {"scale": False},
    [[2, 3, 4, 4]],
    lambda x, b, m, v: F.batch_norm(x, m, v, None, b),
    [("bias", (3,)), *stats(3)],
)
case(
    "batch_norm",
    {"center": False},
    [[2, 3, 4, 4]],
    lambda x, w, m, v: F.batch_norm(x, m, v, w, None),
    [("weight", (3,)), *stats(3)],
)
case("batch_norm", {"scale": False, "center": False}, [[2, 3, 4, 4]], lambda x, m, v: F.batch_norm(x, m, v), stats(3))

affine = lambda c: [("weight", (c,)), ("bias", (c,))]
case("layer_norm", {}, [[2, 3, 5]], lambda x, w, b: F.layer_norm(x, (5,), w, b), affine(5))
case("layer_norm", {"eps": 1e-2, "affine": False}, [[1, 7]], lambda x: F.layer_norm(x, (7,), eps=1e-2))
case(
    "layer_norm",
    {"axis": 1, "eps": 1e-6},
    [[2, 5, 3, 2]],
    lambda x, w, b: F.layer_norm(x.permute(0, 2, 3, 1), (5,), w, b, 1e-6).permute(0, 3, 1, 2),
    affine(5),
)
for shape, groups in [([1, 6, 3, 4], 3), ([2, 6, 3, 3], 1), ([1, 4, 3, 3], 4), ([3, 6], 2)]:
    case("group_norm", {"groups": groups}, [shape], lambda x, w, b: F.group_norm(x, groups, w, b), affine(shape[1]))
case("group_norm", {"groups": 2, "affine": False, "eps": 0.1}, [[2, 4, 3, 3]], lambda x: F.group_norm(x, 2, eps=0.1))

lrn = lambda x, size=5, alpha=1e-4, beta=0.75, k=1.0: F.local_response_norm(x, size, alpha, beta, k)
case("lrn", {}, [[1, 7, 3, 3]], lrn)
case("lrn", {"size": 4, "alpha": 0.5, "beta": 0.6, "k": 2.0}, [[2, 7, 2, 3]], lambda x: lrn(x, 4, 0.5, 0.6, 2.0))
case("lrn", {"size": 9, "alpha": 0.3}, [[1, 3, 2, 2]], lambda x: lrn(x, 9, 0.3))
case("lrn", {"size": 1, "alpha": 0.3, "beta": 1}, [[1, 3, 2, 2]], lambda x: lrn(x, 1, 0.3, 1.0))
case("lrn", {"size": 2, "alpha": 1}, [[1, 1, 2, 2]], lambda x: lrn(x, 2, 1.0))

# Activations

for name, args, function in [
    ("relu", {}, F.relu),
    ("relu6", {}, F.relu6),
    ("leaky_relu", {}, F.leaky_relu),
    ("leaky_relu", {"slope": 0.2}, lambda x: F.leaky_relu(x, 0.2)),
    ("elu", {}, F.elu),
    ("elu", {"alpha": 0.5}, lambda x: F.elu(x, 0.5)),
    ("gelu", {}, F.gelu),
    ("gelu", {"approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh")),
    ("silu", {}, F.silu),
    ("sigmoid", {}, F.sigmoid),
    ("hard_sigmoid", {}, F.hardsigmoid),
    ("hard_swish", {}, F.hardswish),
    ("tanh", {}, torch.tanh),
]:
    case(name, args, [[2, 3, 4, 5]], function, scale=8.0)
    case(name, args, [[1, 9]], function, scale=1.0)
case("sigmoid", {}, [[1, 40]], F.sigmoid, scale=200.0)
case("silu", {}, [[1, 40]], F.silu, scale=200.0)
case("prelu", {}, [[2, 3, 2, 2]], F.prelu, [("weight", (1,))])
case("prelu", {"params": 3}, [[2, 3, 2, 2]], F.prelu, [("weight", (3,))])
for shape, args, dim in [([2, 7], {}, 1), ([1, 3, 4, 2], {}, 1), ([2, 3, 4], {"axis": -1}, 2), ([2, 3, 4, 2], {"axis": 2}, 2)]:
    case("softmax", args, [shape], lambda x: F.softmax(x, dim))
    case("log_softmax", args, [shape], lambda x: F.log_softmax(x, dim))
case("softmax", {}, [[1, 5]], lambda x: F.softmax(x, 1), scale=500.0)

# Merges

for name, function in [
    ("add", torch.add),
    ("mul", torch.mul),
    ("maximum", torch.maximum),
    ("minimum", torch.minimum),
    ("sub", torch.sub),
    ("div", torch.div),
]:
    case(name, {}, [[2, 3, 4, 2], [2, 3, 4, 2]], function, operands=[None, None])
    case(name, {}, [[2, 3, 4, 2], [2, 3, 1, 1]], function, operands=[None, None])
    case(name, {}, [[2, 1, 4, 1], [2, 3, 1, 2]], function, operands=[None, None])
    case(name, {}, [[2, 3], [2, 3]], lambda a, b: function(a, torch.tensor(0.7)), operands=[None, 0.7])
    case(name, {}, [[2, 3, 4], [1, 3, 4]], function, operands=[None, None], batched=[True, False])
    case(name, {}, [[2, 3, 4, 2], [4, 1]], function, operands=[None, None], batched=[True, False])
case("add", {}, [[2, 3, 2], [2, 3, 2], [2, 3, 2]], lambda a, b, c: a + b + c + 2, operands=[None, None, 2, None])
case("mul", {}, [[1, 3, 2], [1, 1, 2]], lambda a, b: a * b * 0.5 * -3, operands=[None, 0.5, None, -3])

case("concat", {}, [[2, 3, 4, 2], [2, 1, 4, 2], [2, 2, 4, 2]], lambda *x: torch.cat(x, 1), operands=[None] * 3)
case("concat", {"axis": 2}, [[1, 3, 4, 2], [1, 3, 1, 2]], lambda *x: torch.cat(x, 2), operands=[None] * 2)
case("concat", {"axis": -1}, [[2, 3, 4], [2, 3, 2]], lambda *x: torch.cat(x, -1), operands=[None] * 2)
case(
    "concat",
    {},
    [[3, 4, 2], [1, 1, 2]],
    lambda x, token: torch.cat([x, token.expand(3, 1, 2)], 1),
    operands=[None] * 2,
    batched=[True, False],
)
case(
    "concat",
    {},
    [[1, 1, 2], [3, 4, 2]],
    lambda token, x: torch.cat([token.expand(3, 1, 2), x], 1),
    operands=[None] * 2,
    batched=[False, True],
)

for a, b, batched in [
    ([2, 3, 4], [2, 4, 5], [True, True]),
    ([2, 2, 3, 4], [2, 2, 4, 2], [True, True]),
    ([2, 2, 3, 4], [2, 1, 4, 2], [True, True]),
    ([2, 3, 4], [4, 5], [True, False]),
    ([2, 4], [4, 5], [True, False]),
    ([2, 2, 3, 4], [2, 4, 5], [True, False]),
    ([2, 2, 3, 4], [1, 2, 4, 5], [True, False]),
    ([3, 4], [2, 4, 5], [False, True]),
]:
    case("matmul", {}, [a, b], torch.matmul, operands=[None, None], batched=batched)

# Shapes

x4 = [2, 3, 4, 5]
case("flatten", {}, [x4], lambda x: x.flatten(1))
case("flatten", {"axis": 2}, [x4], lambda x: x.flatten(2))
case("flatten", {"axis": -2}, [x4], lambda x: x.flatten(-2))
case("reshape", {"shape": [10, 6]}, [x4], lambda x: x.reshape(2, 10, 6))
case("reshape", {"shape": [2, -1, 3]}, [x4], lambda x: x.reshape(2, 2, -1, 3))
case("permute", {"axes": [2, 3, 1]}, [x4], lambda x: x.permute(0, 2, 3, 1))
case("permute", {"axes": [-1, 1, 2]}, [x4], lambda x: x.permute(0, 3, 1, 2))
case("transpose", {"a": 1, "b": -1}, [x4], lambda x: x.transpose(1, -1))
case("squeeze", {"axis": 2}, [[2, 3, 1, 5]], lambda x: x.squeeze(2))
case("squeeze", {"axis": -1}, [[2, 3, 1]], lambda x: x.squeeze(-1))
case("unsqueeze", {"axis": 1}, [[2, 3]], lambda x: x.unsqueeze(1))
case("unsqueeze", {"axis": -1}, [[2, 3]], lambda x: x.unsqueeze(-1))
case("unsqueeze", {"axis": -2}, [[2, 3]], lambda x: x.unsqueeze(-2))
case("slice", {"axis": 1, "start": 1}, [x4], lambda x: x[:, 1:])
case("slice", {"axis": 2, "start": 1, "end": 3}, [x4], lambda x: x[:, :, 1:3])
case("slice", {"axis": -1, "start": -4, "end": -1}, [x4], lambda x: x[..., -4:-1])
case("pad", {"channels": [1, 2]}, [x4], lambda x: F.pad(x, (0, 0, 0, 0, 1, 2)))
case("pad", {"channels": 1, "value": 0.5}, [[2, 3]], lambda x: F.pad(x, (1, 1), value=0.5))
case("pad", {"size": 1, "value": -2}, [x4], lambda x: F.pad(x, (1, 1, 1, 1), value=-2.0))
case("pad", {"size": [2, 0]}, [x4], lambda x: F.pad(x, (0, 0, 2, 2)))
case("pad", {"size": [0, 1, 2, 3], "channels": [0, 1]}, [x4], lambda x: F.pad(x, (2, 3, 0, 1, 0, 1)))
for stride in [1, 2, 3, [2, 5], [1, 7]]:
    h, w = pair(stride)
    case("subsample", {"stride": stride}, [[2, 2, 6, 7]], lambda x: x[:, :, ::h, ::w])
case("mean", {"axes": 1}, [x4], lambda x: x.mean(1))
case("mean", {"axes": [2, 3]}, [x4], lambda x: x.mean((2, 3)))
case("mean", {"axes": [-1, 1], "keep": True}, [x4], lambda x: x.mean((1, 3), keepdim=True))
for shape in [[1, 2, 3, 4], [2, 1, 1, 1], [1, 1, 1, 3]]:
    for scale in [2, 3, [1, 4]]:
        s = pair(scale)
        case("upsample", {"scale": scale}, [shape], lambda x: F.interpolate(x, scale_factor=s))
        for align in [False, True]:
            case(
                "upsample",
                {"scale": scale, "mode": "bilinear", "align_corners": align},
                [shape],
                lambda x: F.interpolate(x, scale_factor=s, mode="bilinear", align_corners=align),
            )
case("pixel_shuffle", {"factor": 2}, [[2, 8, 2, 3]], lambda x: F.pixel_shuffle(x, 2))
case("pixel_shuffle", {"factor": 3}, [[1, 9, 2, 1]], lambda x: F.pixel_shuffle(x, 3))
case("channel_shuffle", {"groups": 3}, [[2, 6, 2, 2]], lambda x: F.channel_shuffle(x, 3))
case("channel_shuffle", {"groups": 2}, [[1, 4, 1, 3]], lambda x: F.channel_shuffle(x, 2))
for name in ["dropout", "drop_path", "identity"]:
    case(name, {}, [[2, 3]], lambda x: x * 1)
case("embedding", {"count": 7, "size": 3}, [[2, 5]], lambda x, w: F.embedding(x.long(), w), [("weight", (7, 3))], grad=False, indices=7)
case("embedding", {"count": 4, "size": 2}, [[1, 2, 3]], lambda x, w: F.embedding(x.long(), w), [("weight", (4, 2))], grad=False, indices=4)

for shape, heads, bias in [([2, 5, 6], 2, True), ([1, 3, 4], 1, False), ([1, 1, 4], 4, True), ([3, 4, 6], 3, False)]:
    e = shape[2]
    module = torch.nn.MultiheadAttention(e, heads, bias=bias, batch_first=True)
    names = [name for name, _ in module.named_parameters()]
    # The order of the layers: projections in, then out.
    order = [n for n in ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"] if n in names]
    shapes = dict((name, list(p.shape)) for name, p in module.named_parameters())

    def run(x, *ws):
        return torch.func.functional_call(module, dict(zip(order, ws)), (x, x, x), {"need_weights": False})[0]

    case("attention", {"heads": heads} | ({} if bias else {"bias": False}), [shape], run, [(n, shapes[n]) for n in order])

path = pathlib.Path(__file__).with_name("ops.json")
path.write_text("[\n" + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in CASES) + "\n]\n")
print(len(CASES), "cases,", path.stat().st_size, "bytes")
