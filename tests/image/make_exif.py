"""Makes `exif.json` and `exif/` with Pillow 12.3.0: `python3 tests/image/make_exif.py`, from the root."""

import hashlib
import json
import struct
from pathlib import Path

import PIL
from PIL import Image, ImageOps

HERE = Path(__file__).parent
FOLDER = HERE / "exif"


def note(order, orientation):
    """EXIF data with an orientation alone, in either order of bytes."""
    start = {"<": b"II", ">": b"MM"}[order]
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0" + start + struct.pack(order + "HI", 42, 8) + struct.pack(order + "H", 1) + entry + bytes(4)


def corners(image):
    width, height = image.size
    return [image.getpixel(at) for at in [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]]


FOLDER.mkdir(exist_ok=True)
photo = Image.open("examples/images/chelsea.png").convert("RGB").crop((200, 100, 200 + 7, 100 + 4))
# A colour a quarter, each a whole block of JPEG's, so that decoders hardly differ.
flag = Image.new("RGB", (32, 16))
for index, colour in enumerate([(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30)]):
    flag.paste(colour, (index % 2 * 16, index // 2 * 8, index % 2 * 16 + 16, index // 2 * 8 + 8))

cases = []
for orientation in range(10):  # 0 and 9 mean nothing
    png = FOLDER / f"{orientation}.png"
    photo.save(png, exif=note(">", orientation))
    jpeg = FOLDER / f"{orientation}.jpg"
    flag.save(jpeg, exif=note("<>"[orientation % 2], orientation), quality=100, subsampling=0)
    shown = ImageOps.exif_transpose(Image.open(png))
    cases.append({"file": png.name, "size": shown.size, "sha256": hashlib.sha256(shown.tobytes()).hexdigest()})
    shown = ImageOps.exif_transpose(Image.open(jpeg))
    cases.append({"file": jpeg.name, "size": shown.size, "corners": corners(shown)})
(HERE / "exif.json").write_text(json.dumps({"pillow": PIL.__version__, "cases": cases}, indent=1) + "\n")
