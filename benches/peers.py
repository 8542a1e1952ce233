#!/usr/bin/env python3
"""archc's speed beside ONNX Runtime's, OpenVINO's and PyTorch's, as ratios in one run.

    pip install torch torchvision timm onnx onnxscript onnxruntime openvino
    cargo build --release
    python benches/peers.py > peers.md
    python benches/peers.py --start            from process start to the first result

Every engine runs in a process of its own, one at a time, on the same number of threads, so that none disturbs another;
they take turns, and each turn starts anew. A figure is the median of the turns' medians; a ratio is archc's time over
the better of ONNX Runtime and OpenVINO. Weights are random everywhere: times do not depend on them.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

MODELS = ["resnet50", "vgg16", "inception_v3", "googlenet", "xception", "mobilenet_v1", "mobilenet_v2"]
SIZES = {"inception_v3": 299, "xception": 299}
SETTINGS = [(1, 2), (8, 2), (1, 1)]


def module(name):
    """The same architecture in PyTorch."""
    import torch

    torch.manual_seed(0)
    if name == "xception":
        import timm

        return timm.create_model("legacy_xception", pretrained=False).eval()
    if name == "mobilenet_v1":
        return mobilenet_v1().eval()
    import torchvision

    extra = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return getattr(torchvision.models, name)(weights=None, **extra).eval()


def mobilenet_v1():
    """Howard et al. 2017, table 1; torchvision and timm have no version 1."""
    from torch import nn

    def conv(ins, outs, kernel, stride, groups=1):
        layer = nn.Conv2d(ins, outs, kernel, stride, kernel // 2, groups=groups, bias=False)
        return nn.Sequential(layer, nn.BatchNorm2d(outs), nn.ReLU(inplace=True))

    widths = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
    layers, ins = [conv(3, 32, 3, 2)], 32
    for outs, stride in widths:
        layers += [conv(ins, ins, 3, stride, ins), conv(ins, outs, 1, 1)]
        ins = outs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(ins, 1000))


def size(name):
    return SIZES.get(name, 224)


def export(name, batch, folder):
    """The model as an ONNX file, written once."""
    import torch

    path = os.path.join(folder, f"{name}-{batch}.onnx")
    if not os.path.exists(path):
        example = torch.randn(batch, 3, size(name), size(name))
        torch.onnx.export(module(name), (example,), path, dynamo=False, input_names=["input"], output_names=["output"])
    return path


def timed(run, seconds=1.5, least=5):
    """Milliseconds of each run, after some to warm up."""
    for _ in range(3):
        run()
    times, start = [], time.perf_counter()
    while len(times) < least or time.perf_counter() - start < seconds:
        begun = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - begun))
    return {"median_ms": statistics.median(times), "min_ms": min(times)}


def peak_rss():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def onnxruntime(path, batch, name, threads, once):
    import numpy as np
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    x = np.random.randn(batch, 3, size(name), size(name)).astype(np.float32)
    return finish(lambda: session.run(None, {"input": x}), once)


def openvino(path, batch, name, threads, once):
    import numpy as np
    import openvino as ov

    core = ov.Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(path, "CPU", settings).create_infer_request()
    x = np.random.randn(batch, 3, size(name), size(name)).astype(np.float32)
    return finish(lambda: request.infer({0: x}), once)


def pytorch(path, batch, name, threads, once):
    import torch

    torch.set_num_threads(threads)
    model = module(name).to(memory_format=torch.channels_last)
    x = torch.randn(batch, 3, size(name), size(name)).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        return finish(lambda: model(x), once)


def finish(run, once):
    """The times of some runs; with `once`, of a single one, for the memory of a short process."""
    if once:
        run()
        return {"peak_rss_bytes": peak_rss()}
    return {**timed(run), "peak_rss_bytes": peak_rss()}


ENGINES = {"onnxruntime": onnxruntime, "openvino": openvino, "pytorch": pytorch}


def run_engine(engine, args, name, batch, threads, folder, once=False):
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    if engine == "archc":
        command = [args.archc, "bench", f"zoo:{name}", "--batch", str(batch), "--threads", str(threads), "--format", "json"]
        if once:
            command += ["--iterations", "1"]
        answer = json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)
        return answer["archs"][0]
    command = [sys.executable, __file__, "--engine", engine, "--path", os.path.join(folder, f"{name}-{batch}.onnx")]
    command += ["--models", name, "--batch", str(batch), "--threads", str(threads)] + (["--once"] if once else [])
    return json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout.splitlines()[-1])


def compare(args, folder):
    engines = ["archc", "onnxruntime", "openvino"] + (["pytorch"] if args.pytorch else [])
    print("| model | batch, threads | " + " | ".join(f"{engine}, ms" for engine in engines) + " | ratio |")
    print("|---|---|" + "--:|" * (len(engines) + 1))
    for batch, threads in args.settings:
        for name in args.models:
            times = {engine: [] for engine in engines}
            for _ in range(args.turns):
                for engine in engines:
                    times[engine].append(run_engine(engine, args, name, batch, threads, folder)["median_ms"])
            median = {engine: statistics.median(found) for engine, found in times.items()}
            ratio = median["archc"] / min(median["onnxruntime"], median["openvino"])
            cells = " | ".join(f"{median[engine]:.2f}" for engine in engines)
            print(f"| {name} | {batch}, {threads} | {cells} | {ratio:.2f} |", flush=True)


def memory(args, folder):
    print("\n| model | archc, MB | onnxruntime, MB | ratio |\n|---|--:|--:|--:|")
    for name in args.models:
        found = {}
        for engine in ["archc", "onnxruntime"]:
            found[engine] = run_engine(engine, args, name, 1, 2, folder, once=True)["peak_rss_bytes"] / 1e6
        print(f"| {name} | {found['archc']:.0f} | {found['onnxruntime']:.0f} | {found['archc'] / found['onnxruntime']:.2f} |", flush=True)


START_ORT = """
import sys
import numpy as np
import onnxruntime as ort
session = ort.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
x = np.random.randn(1, 3, int(sys.argv[2]), int(sys.argv[2])).astype(np.float32)
print(session.run(None, {"input": x})[0].argmax())
"""

START_RTEN = """
use rten_tensor::{NdTensor, prelude::*};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let model = rten::Model::load_file(&args[1]).unwrap();
    let side: usize = args[2].parse().unwrap();
    let x = NdTensor::<f32, 4>::from_fn([1, 3, side, side], |i| (i[1] + 7 * i[2] + 13 * i[3]) as f32 % 31.0 / 31.0);
    let y: NdTensor<f32, 2> = model.run_one(x.view().into(), None).unwrap().try_into().unwrap();
    println!("{:?}", y.iter().copied().reduce(f32::max));
}
"""


def rten(folder):
    """A program that loads a model with rten and runs it once; nothing where there is no cargo."""
    if not shutil.which("cargo"):
        return None
    package = os.path.join(folder, "rten")
    os.makedirs(os.path.join(package, "src"), exist_ok=True)
    with open(os.path.join(package, "Cargo.toml"), "w") as manifest:
        manifest.write('[package]\nname = "first"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n[dependencies]\n'
                       'rten = { version = "0.27", features = ["onnx_format", "mmap"] }\nrten-tensor = "0.27"\n')
    with open(os.path.join(package, "src", "main.rs"), "w") as program:
        program.write(START_RTEN)
    target = os.path.join(package, "target")
    subprocess.run(["cargo", "build", "--release", "--target-dir", target], cwd=package, check=True)
    return os.path.join(target, "release", "first")


def weights(args, name, folder):
    """The model's weights as safetensors, under the names that archc's zoo has for them."""
    path = os.path.join(folder, f"{name}.safetensors")
    if not os.path.exists(path):
        # In a process of its own: the memory of one that has loaded torch shows in what it starts.
        subprocess.run([sys.executable, __file__, "--weights", name, path + ".torch"], check=True)
        command = [args.archc, "weights", "convert", "--arch", f"zoo:{name}", path + ".torch", path]
        subprocess.run(command, check=True, capture_output=True)
        os.remove(path + ".torch")
        time.sleep(2)  # What was written just now is not kept packed.
    return path


def write_weights(name, path):
    """PyTorch's weights as a safetensors file: the length of a header, the header, the values."""
    import torch

    state = {key: value for key, value in module(name).state_dict().items() if value.dtype == torch.float32}
    header, place = {}, 0
    for key, value in state.items():
        end = place + 4 * value.numel()
        header[key] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [place, end]}
        place = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for value in state.values():
            file.write(value.contiguous().numpy().tobytes())


def process(command):
    """Milliseconds from the start of a process to its end, and the most memory that it held."""
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise RuntimeError(f"{command} failed")
    return 1e3 * (time.perf_counter() - begun), usage.ru_maxrss * 1024 / 1e6


def first_result(args, folder):
    """From the start of a process to its first result, on all cores. archc also reads a photo and prints its classes;
    "kept" is archc with weights that an earlier run has kept packed."""
    program = rten(folder)
    photo = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "examples", "images", args.photo)
    engines = ["archc", "kept", "ONNX Runtime"] + (["rten"] if program else [])
    print("| model | " + " | ".join(f"{engine}, ms | MB" for engine in engines) + " | of ONNX Runtime | kept | its memory |")
    print("|---|" + "--:|" * (2 * len(engines) + 3))
    for name in args.models:
        model, side = os.path.join(folder, f"{name}-1.onnx"), str(size(name))
        archc = [args.archc, "run", f"zoo:{name}", photo, "--weights", weights(args, name, folder)]
        commands = {
            "archc": archc,
            "kept": [*archc, "--packed-cache", os.path.join(folder, "packed")],
            "ONNX Runtime": [sys.executable, "-c", START_ORT, model, side],
            "rten": [program, model, side],
        }
        found = {engine: [] for engine in engines}
        for engine in engines:
            process(commands[engine])  # Files come from disk the first time.
        for _ in range(5 * args.turns):
            for engine in engines:
                found[engine].append(process(commands[engine]))
        time_of = {engine: statistics.median(ms for ms, _ in runs) for engine, runs in found.items()}
        memory_of = {engine: statistics.median(mb for _, mb in runs) for engine, runs in found.items()}
        cells = " | ".join(f"{time_of[engine]:.1f} | {memory_of[engine]:.0f}" for engine in engines)
        pairs = [(time_of, "archc"), (time_of, "kept"), (memory_of, "archc")]
        ratios = " | ".join(f"{of[engine] / of['ONNX Runtime']:.2f}" for of, engine in pairs)
        print(f"| {name} | {cells} | {ratios} |", flush=True)


def processor():
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    warnings.filterwarnings("ignore")
    parser.add_argument("--archc", default="target/release/archc")
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--settings", nargs="+", default=SETTINGS, metavar="BATCH,THREADS",
                        type=lambda text: tuple(int(part) for part in text.split(",")))
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--folder", help="where exported models are kept; a temporary one unless said")
    parser.add_argument("--pytorch", action="store_true", help="measure PyTorch too")
    parser.add_argument("--only", choices=["speed", "memory"], help="one of the two tables")
    parser.add_argument("--start", action="store_true", help="the time from process start to the first result instead")
    parser.add_argument("--photo", default="rocket.jpg", help="of examples/images, what archc reads with --start")
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--path", help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.engine:
        print(json.dumps(ENGINES[args.engine](args.path, args.batch, args.models[0], args.threads, args.once)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or temporary
        for name in args.models:
            for batch in [1] if args.start else sorted({batch for batch, _ in args.settings} | {1}):
                subprocess.run([sys.executable, __file__, "--export", name, str(batch), folder], check=True)
        print(f"{processor()}, {os.cpu_count()} processors, {time.strftime('%Y-%m-%d')}\n")
        if args.start:
            return first_result(args, folder)
        tables = {"speed": compare, "memory": memory}
        for table in [args.only] if args.only else tables:
            tables[table](args, folder)


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "--export":
        export(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    elif len(sys.argv) == 4 and sys.argv[1] == "--weights":
        write_weights(sys.argv[2], sys.argv[3])
    else:
        main()
