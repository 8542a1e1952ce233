"""Cuts Inter down to the characters that archc's pictures use, and prints their widths for `src/picture/font/mod.rs`.

Needs fontTools and `@fontsource/inter` from npm, unpacked: python tools/font.py package/files src/picture/font
"""

import sys

from fontTools import subset
from fontTools.ttLib import TTFont

CHARACTERS = "".join(map(chr, range(32, 127))) + "×·…–−±"


def cut(folder, out, weight, style):
    font = TTFont(f"{folder}/inter-latin-{weight}-normal.woff")
    font.flavor = None
    options = subset.Options()
    options.layout_features, options.hinting, options.notdef_outline = [], False, True
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=CHARACTERS)
    subsetter.subset(font)
    # Both weights are of one family.
    font["name"].setName("Inter", 1, 3, 1, 0x409)
    font.save(f"{out}/Inter-{style}.ttf")
    glyphs, advances = font.getBestCmap(), font["hmtx"]
    print(style, [round(advances[glyphs[code]][0] * 1000 / font["head"].unitsPerEm) for code in range(32, 127)])


for weight, style in ((400, "Regular"), (600, "SemiBold")):
    cut(sys.argv[1], sys.argv[2], weight, style)
