#!/usr/bin/env python3
"""Checks the direction of includes between the rooms of include/synthmed and backends, file sizes,
and that pages show programs as they are.

Exit status 0 when all hold, 1 with one line per break. Run from anywhere: tools/check_layout.py
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What a room may include besides itself and the files directly under synthmed/ (error, shape, parallel, version).
MAY_SEE = {
    "core": set(),
    "random": set(),
    "io": set(),
    "ops": {"core", "random"},
    "autodiff": {"core", "ops", "random"},
    "nn": {"core", "ops", "random"},
    "models": {"core", "ops", "random", "nn", "io"},
    "train": {"core", "ops", "random", "nn", "models", "io", "data", "metrics"},
    "metrics": {"io", "random"},
    "data": {"io", "random", "imaging"},
    "imaging": {"io", "random", "data", "metrics"},
    "report": {"io", "metrics"},
    # The testing room holds law checks for every concept; only the conformance suite sees a backend, the oracle.
    "testing": {"core", "ops", "autodiff", "nn", "random", "io", "metrics", "data", "models", "train", "backends"},
}
BACKEND_MAY_SEE = {"core", "ops", "random"}
LONGEST = 900
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"](synthmed/[^>"]+)[>"]', re.M)


def room_of(include):
    parts = include.split("/")
    return parts[1] if len(parts) > 2 else ""


def breaks():
    headers = sorted((ROOT / "include" / "synthmed").rglob("*.hpp"))
    for path in headers:
        relative = path.relative_to(ROOT / "include")
        room = room_of(str(relative))
        if room == "":
            continue
        if room not in MAY_SEE:
            yield f"{relative}: the room '{room}' is not in tools/check_layout.py"
            continue
        for include in INCLUDE.findall(path.read_text()):
            other = room_of(include)
            if other not in ("", room) and other not in MAY_SEE[room]:
                yield f"{relative} includes <{include}>; '{room}' may see {sorted(MAY_SEE[room]) or 'no other room'}"
    for backend in sorted((ROOT / "backends").iterdir()):
        for path in sorted(backend.rglob("*.hpp")):
            for include in INCLUDE.findall(path.read_text()):
                other = room_of(include)
                if other == "backends":
                    own = re.match(rf"synthmed/backends/{backend.name}(\.hpp|/)", include)
                    if not own:
                        yield f"{path.relative_to(ROOT)} includes <{include}> of another backend"
                elif other not in ("", *BACKEND_MAY_SEE):
                    yield f"{path.relative_to(ROOT)} includes <{include}>; a backend may see {sorted(BACKEND_MAY_SEE)}"
    for folder in ("include", "backends", "examples"):
        for path in sorted((ROOT / folder).rglob("*.[hc]pp")):
            text = path.read_text()
            lines = text.count("\n")
            if lines > LONGEST:
                yield f"{path.relative_to(ROOT)} has {lines} lines; split it into rooms (at most {LONGEST})"
            if path.suffix == ".hpp" and "#pragma once" not in text:
                yield f"{path.relative_to(ROOT)} lacks #pragma once"
            if not text.startswith("//"):
                yield f"{path.relative_to(ROOT)} does not open with a line that says its purpose"
    # Programs that pages show whole.
    for page, program in (("README.md", "01_tensors"), ("docs/extending/generator.md", "02_own_generator"),
                          ("docs/extending/schedule.md", "03_own_schedule")):
        if (ROOT / "examples" / f"{program}.cpp").read_text() not in (ROOT / page).read_text():
            yield f"{page} does not hold examples/{program}.cpp as it is"


found = list(breaks())
print("\n".join(found) if found else "layout: every include points the agreed way")
sys.exit(1 if found else 0)
