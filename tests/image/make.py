"""Makes `resize.json`, `decode.json` and `decode/*.png` with Pillow 12.3.0: `python3 tests/image/make.py`, from the root."""

import hashlib
import json
import struct
import zlib
from pathlib import Path

import PIL
from PIL import Image

HERE = Path(__file__).parent
FILTERS = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS}


def sha256(image):
    return hashlib.sha256(image.tobytes()).hexdigest()


def png(name, width, height, depth, colour, rows, extra=b""):
    """A PNG of samples that Pillow can't write itself."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows), 9))
    (HERE / "decode" / name).write_bytes(b"\x89PNG\r\n\x1a\n" + header + extra + data + chunk(b"IEND", b""))


def resize_cases():
    photo = Image.open("examples/images/chelsea.png").convert("RGB").crop((130, 80, 130 + 97, 80 + 71))
    cases = []
    for name, how in FILTERS.items():
        for size in [(1, 1), (2, 3), (31, 17), (64, 64), (96, 71), (97, 70), (97, 35), (33, 71), (97, 71), (98, 72), (150, 40), (40, 150), (211, 189)]:
            for mode in ["RGB", "L"]:
                cases.append({"filter": name, "size": size, "mode": mode, "sha256": sha256(photo.convert(mode).resize(size, how))})
        thin = photo.crop((0, 0, 97, 1))
        cases.append({"filter": name, "size": (5, 9), "mode": "thin", "sha256": sha256(thin.resize((5, 9), how))})
    return {"pillow": PIL.__version__, "crop": [130, 80, 97, 71], "cases": cases}


def decode_cases():
    photo = Image.open("examples/images/chelsea.png").convert("RGB").crop((200, 100, 200 + 24, 100 + 16))
    folder = HERE / "decode"
    folder.mkdir(exist_ok=True)
    alpha = photo.convert("L").point(lambda v: (v * 7) % 256)
    rgba, la = photo.copy(), photo.convert("L")
    rgba.putalpha(alpha)
    la.putalpha(alpha)
    photo.save(folder / "rgb.png")
    photo.convert("L").save(folder / "grey.png")
    rgba.save(folder / "rgba.png")
    la.save(folder / "grey_alpha.png")
    photo.convert("1").save(folder / "one_bit.png")
    photo.quantize(200).save(folder / "palette.png")
    photo.quantize(4).save(folder / "palette_two_bit.png", bits=2)
    photo.quantize(16).save(folder / "palette_transparent.png", transparency=3)
    photo.convert("L").save(folder / "grey.jpg", quality=95)
    samples = [[(x * 2521 + y * 977) % 65536 for x in range(12)] for y in range(5)]
    wide = lambda row, times: b"".join(struct.pack(">H", (v + 401 * k) % 65536) for v in row for k in range(times))
    png("grey_16_bit.png", 12, 5, 16, 0, [wide([v % 700 for v in row], 1) for row in samples])
    png("grey_alpha_16_bit.png", 12, 5, 16, 4, [wide(row, 2) for row in samples])
    png("rgb_16_bit.png", 12, 5, 16, 2, [wide(row, 3) for row in samples])
    png("rgba_16_bit.png", 12, 5, 16, 6, [wide(row, 4) for row in samples])
    png("grey_two_bit.png", 12, 3, 2, 0, [bytes([0b00011011, 0b11100100, 0b01010101])] * 3)
    png("grey_four_bit.png", 6, 2, 4, 0, [bytes([0x01, 0x8A, 0xF3]), bytes([0x24, 0x57, 0xCE])])
    png("rgb_transparent.png", 2, 1, 8, 2, [bytes([1, 2, 3, 4, 5, 6])],
        struct.pack(">I", 6) + b"tRNS" + bytes([0, 1, 0, 2, 0, 3]) + struct.pack(">I", zlib.crc32(b"tRNS" + bytes([0, 1, 0, 2, 0, 3]))))
    cases = []
    for path in sorted(folder.iterdir()):
        rgb = Image.open(path).convert("RGB")
        cases.append({"file": path.name, "size": rgb.size, "rgb": sha256(rgb), "grey": sha256(rgb.convert("L"))})
    return {"pillow": PIL.__version__, "cases": cases}


(HERE / "resize.json").write_text(json.dumps(resize_cases(), indent=1) + "\n")
(HERE / "decode.json").write_text(json.dumps(decode_cases(), indent=1) + "\n")
