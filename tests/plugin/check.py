#!/usr/bin/env python3
"""Installs synthmed, builds the outside project against it, runs it, and holds the documentation to its code.

usage: check.py BUILD WORK DOCUMENT
BUILD is a configured build folder of synthmed, WORK a folder of our own, DOCUMENT the page whose code blocks (cpp and
cmake) must stand in the project's files, line by line; "..." in a block stands for lines that are left out.
"""
import pathlib
import re
import shutil
import subprocess
import sys

build, work, document = map(pathlib.Path, sys.argv[1:])
project = pathlib.Path(__file__).resolve().parent / "project"


def run(*command):
    print("+", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True)


files = [file.read_text() for file in sorted(project.iterdir())]
blocks = re.findall(r"```(?:cpp|cmake)\n(.*?)```", document.read_text(), re.DOTALL)
if not blocks:
    sys.exit(f"{document} has no code.")
for block in blocks:
    pieces = [piece.strip("\n") for piece in re.split(r"^ *\.\.\.\n", block, flags=re.MULTILINE)]
    if not any(all(piece in text for piece in pieces) for text in files):
        sys.exit(f"{document} shows code that the project does not have:\n{block}")
print(f"{len(blocks)} code blocks of {document.name} stand in the project")

shutil.rmtree(work / "prefix", ignore_errors=True)
shutil.rmtree(work / "outside", ignore_errors=True)
shutil.copytree(project, work / "outside")
run("cmake", "--install", build, "--prefix", work / "prefix")
run("cmake", "-S", work / "outside", "-B", work / "outside/build", f"-DCMAKE_PREFIX_PATH={work / 'prefix'}",
    "-DCMAKE_BUILD_TYPE=Release")
run("cmake", "--build", work / "outside/build")
run(work / "outside/build/tiny_conformance")
