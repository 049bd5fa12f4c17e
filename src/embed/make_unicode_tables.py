#!/usr/bin/env python3
"""Writes unicode_tables.inc for unicode_fold.cpp from Python's unicodedata (no other input).

    python3 src/embed/make_unicode_tables.py > src/embed/unicode_tables.inc

Two tables, both sorted by first code point:
  kClassRanges  {first, last, class}: code points that are dropped, white space or punctuation.
  kFoldRuns     {first, count, stride, length, data}: code points that change under "canonical
                decomposition without non-spacing marks, then lower case". length 0 removes them,
                length 1 maps first + i*stride to data + i*delta, larger lengths index kFoldTexts.
Hangul syllables are left out: they decompose by arithmetic.
"""
import sys
import unicodedata

LAST = 0x110000


def code_class(cp):
    char = chr(cp)
    category = unicodedata.category(char)
    if char in "\t\n\r" or category in ("Zs", "Zl", "Zp"):
        return "kSpace"
    # Unassigned code points stay: newer characters become unknown words, they do not vanish.
    if cp == 0xFFFD or category in ("Cc", "Cf", "Cs", "Co"):
        return "kDrop"
    if 33 <= cp <= 47 or 58 <= cp <= 64 or 91 <= cp <= 96 or 123 <= cp <= 126:
        return "kPunctuation"
    return "kPunctuation" if category.startswith("P") else None


def fold(cp):
    out = []
    for char in unicodedata.normalize("NFD", chr(cp)):
        if unicodedata.category(char) != "Mn":
            out += [ord(c) for c in char.lower() if unicodedata.category(c) != "Mn"]
    return out


def class_rows():
    rows = []
    for cp in range(LAST):
        kind = code_class(cp)
        if kind is None:
            continue
        if rows and rows[-1][1] == cp - 1 and rows[-1][2] == kind:
            rows[-1][1] = cp
        else:
            rows.append([cp, cp, kind])
    return rows


def fold_rows():
    """Runs [first, count, stride, length, data, delta]."""
    runs, texts, pending = [], [], []
    for cp in range(128, LAST):
        if 0xAC00 <= cp <= 0xD7A3 or 0xD800 <= cp <= 0xDFFF:
            continue
        out = fold(cp)
        if out != [cp]:
            pending.append((cp, out))
    i = 0
    while i < len(pending):
        cp, out = pending[i]
        if len(out) > 1:
            runs.append([cp, 1, 1, len(out), len(texts), 0])
            texts += out
            i += 1
            continue
        count, stride, delta = 1, 1, 0
        while i + count < len(pending):
            next_cp, next_out = pending[i + count]
            if len(next_out) != len(out):
                break
            step = next_cp - pending[i + count - 1][0]
            change = next_out[0] - pending[i + count - 1][1][0] if out else 0
            if count == 1 and step <= 2 and -1 <= change <= 2:
                stride, delta = step, change
            elif count == 1 or step != stride or change != delta:
                break
            count += 1
        runs.append([cp, count, stride, len(out), out[0] if out else 0, delta])
        i += count
    return runs, texts


def emit(kind, name, rows):
    print(f"constexpr {kind} {name}[] = {{")
    line = "   "
    for row in rows:
        if len(line) + len(row) + 1 > 100:
            print(line)
            line = "   "
        line += " " + row
    print(line)
    print("};")


def main():
    print("// Written by make_unicode_tables.py from Unicode", unicodedata.unidata_version + "; do not edit.")
    emit("ClassRange", "kClassRanges", [f"{{0x{a:X}, 0x{b:X}, {k}}}," for a, b, k in class_rows()])
    runs, texts = fold_rows()
    emit("FoldRun", "kFoldRuns",
         [f"{{0x{a:X}, {n}, {s}, {l}, 0x{d:X}, {e}}}," for a, n, s, l, d, e in runs])
    emit("char32_t", "kFoldTexts", [f"0x{c:X}," for c in texts])
    print(f"runs {len(runs)}, texts {len(texts)}", file=sys.stderr)


main()
