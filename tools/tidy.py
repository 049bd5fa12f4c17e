#!/usr/bin/env python3
"""The tests of the source tree itself. usage: tools/tidy.py [--self-test]

Floors and private includes, file and line length, banned words with their replacement, contract comments,
files that no target names, blob sizes, ADR numbering, changelog form, machine paths. Exit 1 with one line a
finding: FILE:LINE: what is wrong and what to do.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_FILE_LINES = 600
USUAL_FILE_LINES = 400
USUAL_SHARE = 0.9
MAX_LINE_CHARS = 100
MAX_BLOB_KIB = 512
MAX_PUBLIC_HEADERS = 6
SEAMS = {"BatchProtocol", "Clock", "Embedder", "Ledger", "Provider", "ReplyReader", "VectorIndex"}  # pure virtual classes in public headers; an ADR adds one

BANNED = [  # pattern, replacement, files where it is at home
    (r"\bstd::(thread|jthread|mutex|condition_variable)\b", "base/worker.h and base/mutex.h", r"src/base/"),
    (r"\bsleep_for\b|\bsleep_until\b|\busleep\(", "a Clock or a wait with a deadline", r"src/base/"),
    (r"\bs?rand\(\)|\brandom_device\b", "a seeded std::mt19937 or base/hash.h random_bytes", r"$^"),
    (r"\bstd::cout\b", "cli::print or log", r"src/app/commands\.cpp|_test\.cpp"),
    (r"\bthrow\b(?!\()", "a Result", r"$^"),
    (r"\bFIXME\b|\bXXX\b|\bTODO\b", "finish it, or write an issue", r"$^"),
    (r"#include <(regex|iostream)>", "re2 or cli/terminal.h", r"src/app/commands\.cpp|_test\.cpp"),
    (r"\bnew [A-Z]\w*\(", "std::make_unique (private constructors: std::unique_ptr<T>(new T) on one line)", r"unique_ptr"),
]
HTTP_NUMBER = re.compile(r"(status|http)\w*\s*(=|==)\s*[1-5]\d\d\b")
HTTP_AT_HOME = re.compile(r"src/(wire/errors|net/|testing/fake_)|_test\.cpp")
MACHINE_PATH = re.compile(r"(^|[^.\w/])/(work|farm|root)/")


def tracked():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in out.stdout.splitlines() if (ROOT / line).is_file()]


def read_floors(text):
    floors = {}
    for line in text.splitlines():
        words = line.split()
        if words and words[0].isdigit():
            floors.update({name: int(words[0]) for name in words[1:]})
    return floors


def public_headers(cmake_text):
    match = re.search(r"\bPUBLIC\b(.*?)\b(SOURCES|TESTS|DEPS)\b", cmake_text, re.S)
    return set(match.group(1).split()) if match else set()


def check_includes(name, text, floors, public):
    parts = name.split("/")
    if len(parts) < 3 or parts[0] != "src" or parts[1] not in floors:
        return []
    module, findings = parts[1], []
    is_test = name.endswith(("_test.cpp", "_test.h"))
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'#include "([a-z_]+)/([^"]+)"', line)
        if not match or match.group(1) == module:
            continue
        other, header = match.groups()
        if other == "testing":
            if not is_test and module != "testing":
                findings.append(f"{name}:{number}: only tests may include testing/")
            continue
        if other not in floors:
            continue
        if floors[other] >= floors[module] and not is_test:
            findings.append(f"{name}:{number}: {module} (floor {floors[module]}) may not include {other} (floor {floors[other]}): arrows only go down")
        if header not in public.get(other, set()):
            findings.append(f"{name}:{number}: {other}/{header} is private to its module: use one of its public headers")
    return findings


def check_text(name, text):
    findings = []
    code = name.endswith((".cpp", ".h")) and name.startswith(("src/", "tests/", "bench/"))
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{name}:{number}"
        if MACHINE_PATH.search(line) and not name.endswith(".lock") and name != "tools/tidy.py":
            findings.append(f"{where}: names a path of one machine")
        if not code:
            continue
        if len(line) > MAX_LINE_CHARS and "http" not in line and 'R"' not in line:  # patterns do not wrap
            findings.append(f"{where}: {len(line)} characters, at most {MAX_LINE_CHARS}: run tools/dev fmt or break it")
        bare = re.sub(r'"(\\.|[^"\\])*"', '""', line).split("//")[0]
        for pattern, instead, home in BANNED:
            if re.search(pattern, bare) and not re.search(home, name) and not re.search(home, line):
                findings.append(f"{where}: {re.search(pattern, bare).group(0)!r} is banned here: use {instead}")
        if HTTP_NUMBER.search(bare) and not HTTP_AT_HOME.search(name):
            findings.append(f"{where}: HTTP status numbers live in wire/errors alone")
    return findings


def check_contract(name, text):
    if not (name.startswith("src/") and name.endswith(".h")):
        return []
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or lines[0] != "#pragma once" or not lines[1].startswith("//"):
        return [f"{name}:1: a header opens with #pragma once and its contract comment"]
    return []


def check_named(files, texts):
    findings = []
    for name in files:
        path = pathlib.PurePosixPath(name)
        if path.suffix not in (".cpp",) or path.parts[0] not in ("src", "tests"):
            continue
        lists = [texts.get(str(folder / "CMakeLists.txt"), "") for folder in path.parents]
        if not any(path.name in text for text in lists):
            findings.append(f"{name}:1: no CMakeLists.txt names this file")
    return findings


def check_seams(files, texts):
    findings = []
    for name in files:
        if not (name.startswith("src/") and name.endswith(".h")):
            continue
        current = ""
        for line in texts[name].splitlines():
            if match := re.match(r"class (?:TACIT_\w+\([^)]*\)+ )?(\w+)[^;]*\{", line):
                current = match.group(1)
            if "GUARDED_BY" in line:
                continue
            is_pure = line.rstrip().endswith(") = 0;") or line.rstrip().endswith(") const = 0;")
            if is_pure and current not in SEAMS:
                findings.append(f"{name}:1: {current} is a new seam: write an ADR and add it to SEAMS in tools/tidy.py")
                break
    return findings


def check_lengths(files, texts):
    findings, lengths = [], []
    for name in files:
        if name.endswith((".cpp", ".h")) and name.startswith(("src/", "tests/")):
            count = texts[name].count("\n")
            lengths.append(count)
            if count > MAX_FILE_LINES:
                findings.append(f"{name}:1: {count} lines, at most {MAX_FILE_LINES}: split it by noun")
    if lengths and sum(1 for count in lengths if count <= USUAL_FILE_LINES) < USUAL_SHARE * len(lengths):
        findings.append(f"src:1: more than one file in ten is over {USUAL_FILE_LINES} lines")
    return findings


def check_documents(files, texts, floors):
    findings = []
    adrs = sorted(name for name in files if re.match(r"docs/adr/\d{4}-", name))
    numbers = [pathlib.PurePosixPath(name).name[:4] for name in adrs]
    if len(numbers) != len(set(numbers)):
        findings.append("docs/adr:1: two ADRs share a number")
    if "## Unreleased" not in texts.get("CHANGELOG.md", ""):
        findings.append("CHANGELOG.md:1: needs a section \"## Unreleased\"")
    picture = texts.get("docs/architecture.md", "")
    for name, floor in floors.items():
        row = next((line for line in picture.splitlines() if re.match(rf"\s*{floor}\s", line) and re.search(rf"\b{name}\b", line)), None)
        if row is None:
            findings.append(f"docs/architecture.md:1: the picture lacks {name} on floor {floor} (src/floors.txt)")
    return findings


def run():
    files = tracked()
    texts = {}
    findings = []
    for name in files:
        data = (ROOT / name).read_bytes()
        if len(data) > MAX_BLOB_KIB * 1024:
            findings.append(f"{name}:1: {len(data) // 1024} KiB, at most {MAX_BLOB_KIB}")
        texts[name] = data.decode("utf-8", "replace")
    floors = read_floors(texts["src/floors.txt"])
    public = {module: public_headers(texts.get(f"src/{module}/CMakeLists.txt", "")) for module in floors}
    for module, headers in public.items():
        if len(headers) > MAX_PUBLIC_HEADERS and module not in ("base", "domain"):
            findings.append(f"src/{module}/CMakeLists.txt:1: {len(headers)} public headers, at most {MAX_PUBLIC_HEADERS}")
    for name in files:
        if name.startswith(("tests/golden/", "samples/")) and not name.endswith(".cpp"):
            continue
        findings += check_text(name, texts[name])
        findings += check_includes(name, texts[name], floors, public)
        findings += check_contract(name, texts[name])
    findings += check_named(files, texts) + check_seams(files, texts) + check_lengths(files, texts)
    findings += check_documents(files, texts, floors)
    for finding in findings:
        print(finding)
    print(f"tidy: {len(files)} files, {len(findings)} findings")
    return 1 if findings else 0


def self_test():
    floors = read_floors("# x\n1 domain net\n0 base\n2 store\n")
    public = {"store": {"store.h"}, "base": {"id.h"}, "domain": {"a.h"}, "net": {"n.h"}}
    include = lambda name, line: check_includes(name, line, floors, public)
    assert floors == {"domain": 1, "net": 1, "base": 0, "store": 2}
    assert not include("src/store/x.cpp", '#include "base/id.h"')
    assert include("src/domain/x.cpp", '#include "store/store.h"'), "an arrow that goes up"
    assert include("src/domain/x.cpp", '#include "net/n.h"'), "an arrow that goes sideways"
    assert include("src/store/x.cpp", '#include "base/secret_part.h"'), "a private header"
    assert include("src/store/x.cpp", '#include "testing/fixtures.h"'), "product code that includes fixtures"
    assert not include("src/store/x_test.cpp", '#include "testing/fixtures.h"')
    assert check_text("src/a/b.cpp", "x" * 101), "a long line"
    assert check_text("src/a/b.cpp", "std::thread t;") and not check_text("src/base/b.cpp", "std::thread t;")
    assert not check_text("src/a/b.cpp", '// std::thread in a comment'), "comments do not count"
    assert check_text("src/a/b.cpp", "int status = 404;") and not check_text("src/wire/errors.cpp", "int status = 404;")
    assert check_text("docs/x.md", "see /wo" + "rk/main"), "a machine path"
    assert check_contract("src/a/b.h", "#pragma once\n#include <x>\n") and not check_contract("src/a/b.h", "#pragma once\n// What it is.\n")
    assert check_named(["src/a/b.cpp"], {"src/a/CMakeLists.txt": "c.cpp"}), "an orphan"
    assert not check_named(["src/a/b.cpp"], {"src/a/CMakeLists.txt": "b.cpp"})
    assert check_seams(["src/a/b.h"], {"src/a/b.h": "class Port {\n  virtual int f() = 0;\n};\n"}), "a new seam"
    assert public_headers("tacit_module(x\n PUBLIC a.h b.h\n SOURCES c.cpp)") == {"a.h", "b.h"}
    print("tidy: self-test passed")
    return 0


if __name__ == "__main__":
    sys.exit(self_test() if "--self-test" in sys.argv else run())
