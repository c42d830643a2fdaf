#!/usr/bin/env python3
"""Compiles every installed header alone, twice included, with the full warning set as errors.

usage: check.py COMPILER JOBS FLAG... -- HEADER_FOLDER...
Headers whose own dependency is not installed are named and left out.
"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys

split = sys.argv.index("--")
compiler, jobs, flags = sys.argv[1], int(sys.argv[2]), sys.argv[3:split]
folders = [pathlib.Path(folder) for folder in sys.argv[split + 1:]]
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror".split()


def check(header):
    unit = f"#include <{header}>\n#include <{header}>\nint main() {{}}\n"
    command = [compiler, "-std=c++20", "-O1", "-fsyntax-only", *WARNINGS, *flags, "-x", "c++", "-"]
    done = subprocess.run(command, input=unit, text=True, capture_output=True)
    missing = re.search(r"fatal error: '?([^:'\s]+)'?(?:: No such file|.* file not found)", done.stderr)
    if missing and not missing.group(1).startswith("synthmed/"):
        return header, None, missing.group(1)
    return header, done.returncode == 0, done.stderr


headers = sorted(str(path.relative_to(folder)) for folder in folders for path in folder.rglob("*.hpp"))
failed = 0
with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
    for header, good, text in pool.map(check, headers):
        if good is None:
            print(f"left out: {header} needs {text}, which is not installed")
        elif not good:
            failed += 1
            print(f"FAILED: {header}\n{text[:3000]}")
print(f"{len(headers)} headers, {failed} failed")
sys.exit(1 if failed or not headers else 0)
