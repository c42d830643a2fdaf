#!/usr/bin/env python3
"""Measures what including the library costs: CPU seconds and peak memory of a unit that includes one header.

usage: benchmarks/compile/measure.py [--runs N] [COMPILER...]   (default: g++, 3 runs; the median is printed)
Prints a markdown table with the budgets beside; exit status 1 when a g++ median breaks one.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# name: (header, g++ budget in seconds, extra flags); parse only, as the budgets are meant.
UNITS = {
    "synthmed": ("synthmed/synthmed.hpp", 1.5, []),
    "reference backend": ("synthmed/backends/reference.hpp", 1.5, []),
    "xtensor backend": ("synthmed/backends/xtensor.hpp", 5.0, ["-march=native", "-DSYNTHMED_XTENSOR_ONEDNN=1"]),
    "torch backend": ("synthmed/backends/torch.hpp", 9.0, ["-isystem", "/usr/include/torch/csrc/api/include"]),
}
MEMORY_BUDGET_MB = 2500


def measure(compiler, header, flags, folder):
    source = pathlib.Path(folder) / "unit.cpp"
    source.write_text(f"#include <{header}>\nint main() {{}}\n")
    includes = [f"-I{ROOT}/include"] + [f"-I{path}/include" for path in sorted((ROOT / "backends").iterdir())]
    command = [compiler, "-std=c++20", "-O1", "-fsyntax-only", "-fopenmp" if "clang" not in compiler else "-O1",
               "-DBOOST_HANA_CONFIG_ENABLE_STRING_UDL", *includes, *flags, str(source)]
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    text = child.stderr.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        return None, None, text.strip().splitlines()[0] if text.strip() else "failed"
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, ""


arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--runs", type=int, default=3)
arguments.add_argument("compilers", nargs="*", default=["g++"])
options = arguments.parse_args()
broken = False
print("| header | compiler | CPU s | MB | budget |\n|---|---|---|---|---|")
with tempfile.TemporaryDirectory() as folder:
    for compiler in options.compilers:
        for name, (header, budget, flags) in UNITS.items():
            results = [measure(compiler, header, flags, folder) for _ in range(options.runs)]
            if results[0][0] is None:
                print(f"| {name} | {compiler} | – | – | not measured: {results[0][2]} |")
                continue
            seconds = statistics.median(r[0] for r in results)
            memory = max(r[1] for r in results)
            good = seconds <= budget and memory <= MEMORY_BUDGET_MB
            broken |= not good and compiler == "g++"
            print(f"| {name} | {compiler} | {seconds:.2f} | {memory:.0f} | {budget} s{'' if good else ', broken'} |")
sys.exit(1 if broken else 0)
