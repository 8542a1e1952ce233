"""Makes the checkpoints in this folder: `python make.py` with PyTorch (2.15 wrote what is here).

Each holds small tensors whose values count up from a number, so that the tests can say what to expect.
The hostile ones are written by hand or cut from the others.
"""

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch

HERE = Path(__file__).parent


def count(start, *shape, dtype=torch.float32):
    size = torch.Size(shape).numel()
    return (torch.arange(size, dtype=torch.float64) * 0.25 + start).reshape(shape).to(dtype)


def net():
    """A convolution, a batch norm and a linear layer."""
    return OrderedDict(
        [
            ("conv.weight", count(0, 2, 3, 1, 1)),
            ("bn.weight", count(1, 2)),
            ("bn.bias", count(2, 2)),
            ("bn.running_mean", count(3, 2)),
            ("bn.running_var", count(4, 2)),
            ("bn.num_batches_tracked", torch.tensor(7)),
            ("fc.weight", torch.nn.Parameter(count(-1, 2, 2))),
            ("fc.bias", torch.nn.Parameter(count(-2, 2))),
        ]
    )


def save(name, value, **options):
    torch.save(value, HERE / name, **options)


def views():
    """Tensors that share storages, lie in them with other strides, and start in their midst."""
    base = count(0, 4, 3)
    return {
        "whole": base,
        "transposed": base.t(),
        "row": base[2],
        "column": base[:, 1],
        "steps": base[::2, ::2],
        "repeated": count(0, 1).expand(3),
        "scalar": count(5),
        "empty": torch.empty(0, 3),
        "channels_last": count(0, 1, 2, 2, 2).contiguous(memory_format=torch.channels_last),
    }


class Runs:
    def __reduce__(self):
        import os

        return os.system, ("touch pwned",)


def rewritten(name, source, change):
    """A copy of an archive whose entries `change` may alter: it gets the name's end and the bytes."""
    with zipfile.ZipFile(HERE / source) as old, zipfile.ZipFile(HERE / name, "w") as new:
        for info in old.infolist():
            end = info.filename.split("/", 1)[1]
            data, method = change(end, old.read(info))
            if data is not None:
                stamp = zipfile.ZipInfo(info.filename, (1980, 1, 1, 0, 0, 0))
                new.writestr(stamp, data, compress_type=method)


def main():
    save("zip.pth", net())
    # The archive's folder is called after the file; see `entries` in src/weights/pth/archive.rs.
    save("twenty_one_characters.pth", net())
    save("legacy.pth", net(), _use_new_zipfile_serialization=False)
    save("views.pth", views())
    save("views_legacy.pth", views(), _use_new_zipfile_serialization=False)
    save("protocol5.pth", net(), pickle_protocol=5)
    types = {
        "half": count(0, 2, dtype=torch.float16),
        "bfloat": count(0, 2, dtype=torch.bfloat16),
        "double": count(0.1, 2, dtype=torch.float64),
        "long": torch.arange(2),
        "bool": torch.tensor([True, False]),
        "byte": torch.tensor([1, 2], dtype=torch.uint8),
        "short": torch.tensor([1, 2], dtype=torch.uint16),
    }
    save("types.pth", types)
    save("nested.pth", {"epoch": 3, "best": 0.5, "state_dict": net(), "optimizer": {"lr": 0.1, "betas": (0.9, 0.99)}})
    averaged = OrderedDict((name, value + 1) for name, value in net().items())
    save("averaged.pth", {"state_dict": net(), "state_dict_ema": averaged})
    save("optimizer.pth", {"lr": 0.1, "steps": [1, 2]})
    save("model.pth", torch.nn.Linear(2, 2))

    random = torch.Generator().manual_seed(0)
    spread = lambda: torch.randn(500, generator=random, dtype=torch.float64) * 10.0 ** (torch.arange(500) % 12 - 8)
    halfway = (1 + (torch.arange(64) * 2 + 1) * 2.0**-11).double()
    near = torch.cat([spread(), halfway, 1 + (halfway - 1) * 8, halfway + 1e-12, halfway * 2.0**-24])
    numbers = {"single": near.float(), "double": near}
    save("round.pth", numbers)
    for dtype in (torch.float16, torch.bfloat16):
        name = {torch.float16: "half", torch.bfloat16: "bfloat16"}[dtype]
        save(f"round_{name}.pth", {key: value.to(dtype) for key, value in numbers.items()})

    save("runs.pth", {"a": Runs()})
    save("runs_legacy.pth", {"a": Runs()}, _use_new_zipfile_serialization=False)
    whole = (HERE / "zip.pth").read_bytes()
    (HERE / "truncated.pth").write_bytes(whole[: len(whole) // 2])
    old = (HERE / "legacy.pth").read_bytes()
    (HERE / "truncated_legacy.pth").write_bytes(old[:-3])

    stored, deflated = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
    rewritten("bomb.pth", "zip.pth", lambda end, data: (bytes(10_000_000) if end == "data/0" else data, deflated))
    rewritten("no_storage.pth", "zip.pth", lambda end, data: (None if end == "data/0" else data, stored))
    rewritten("big_endian.pth", "zip.pth", lambda end, data: (b"big" if end == "byteorder" else data, stored))
    # Six elements of `conv.weight` (K\x06 in a pickle) become 250: in its storage, then in its shape.
    more = lambda end, data: (data.replace(b"X\x03\x00\x00\x00cpuq\x07K\x06", b"X\x03\x00\x00\x00cpuq\x07K\xfa"), stored)
    rewritten("storage_lies.pth", "zip.pth", more)
    shape = lambda end, data: (data.replace(b"K\x02K\x03K\x01K\x01t", b"K\xfaK\x03K\x01K\x01t"), stored)
    rewritten("shape_lies.pth", "zip.pth", shape)
    # 2 * 3 * 1 * 1 becomes (2**31 - 1)**3 * 4 elements, all at stride 0 or beyond.
    huge = b"J\xff\xff\xff\x7f" * 3 + b"K\x04t"
    rewritten("shape_overflows.pth", "zip.pth", lambda end, data: (data.replace(b"K\x02K\x03K\x01K\x01t", huge), stored))
    # The legacy file's first storage claims 2**60 elements.
    first = old.index(struct.pack("<q", 6), old.index(b"fc.bias"))
    (HERE / "count_lies_legacy.pth").write_bytes(old[:first] + struct.pack("<q", 2**60) + old[first + 8 :])
    (HERE / "pickle.pth").write_bytes(pickle.dumps({"a": [1, 2]}, protocol=2))

    script = io.BytesIO()
    with zipfile.ZipFile(script, "w") as archive:
        for name, data in [("m/data.pkl", b"\x80\x02}."), ("m/constants.pkl", b"\x80\x02).")]:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    (HERE / "script.pth").write_bytes(script.getvalue())


if __name__ == "__main__":
    main()
