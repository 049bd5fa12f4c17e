#!/usr/bin/env python3
"""Writes code_point_tables.inc for code_points.cpp.

    python3 src/inference/make_code_point_tables.py > src/inference/code_point_tables.inc

Each entry is first << 8 | class: code points from `first` up to the next entry are of that class. The data must
be of Unicode 16.0, which the reference tokenizer uses: Python 3.14 has it, or the PyPI package unicodedata2 16.0.0.
"""
import sys

try:
    import unicodedata2 as unicodedata
except ImportError:
    import unicodedata

WANTED = "16.0.0"
CLASSES = {"Lu": 1, "Lt": 1, "Ll": 2, "Lm": 4, "Lo": 4}
SPACES = {0x85, *range(0x9, 0xE), 0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}


def class_of(cp):
    if cp in (0xA, 0xD):
        return 64
    if cp in SPACES:
        return 32
    category = unicodedata.category(chr(cp))
    if category in CLASSES:
        return CLASSES[category]
    return {"M": 8, "N": 16}.get(category[0], 128)


def main():
    if unicodedata.unidata_version != WANTED:
        sys.exit(f"this Python has Unicode {unicodedata.unidata_version}, wanted {WANTED}")
    print(f"// Written by make_code_point_tables.py from Unicode {WANTED}; do not edit.")
    print("constexpr std::uint32_t kClassStarts[] = {")
    line, before = "   ", None
    for cp in range(0x110000):
        kind = class_of(cp)
        if kind == before:
            continue
        before = kind
        entry = f" 0x{cp << 8 | kind:X},"
        if len(line) + len(entry) > 100:
            print(line)
            line = "   "
        line += entry
    print(line)
    print("};")


main()
