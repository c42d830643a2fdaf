#!/usr/bin/env python3
"""Builds and runs a consumer of synthmed, as a user would.

usage: check.py KIND SOURCE BUILD WORK [COMPONENT...]
KIND is find_package, add_subdirectory, pkg_config or meson; SOURCE is synthmed, BUILD its configured build folder.
"""
import os
import pathlib
import shutil
import subprocess
import sys

kind, source, build, work, *components = sys.argv[1:]
here = pathlib.Path(__file__).resolve().parent
work = pathlib.Path(work) / kind
prefix = work / "prefix"
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)


def run(*command, **options):
    print("+", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True, **options)


environment = dict(os.environ)
if kind != "add_subdirectory":
    run("cmake", "--install", build, "--prefix", prefix)
    folders = [str(folder) for folder in prefix.rglob("pkgconfig")]
    environment["PKG_CONFIG_PATH"] = ":".join(folders)

if kind in ("find_package", "add_subdirectory"):
    run("cmake", "-S", here / kind, "-B", work / "build", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DSYNTHMED_SOURCE={source}", f"-DCOMPONENTS={';'.join(components)}", "-DCMAKE_BUILD_TYPE=Release")
    run("cmake", "--build", work / "build")
    program = work / "build" / "consumer"
elif kind == "pkg_config":
    # The .pc file's prefix is where the package is installed, not where it was configured for.
    flags = subprocess.run(["pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs", "synthmed-reference"],
                           check=True, text=True, capture_output=True, env=environment).stdout.split()
    program = work / "consumer"
    run("g++", here / "program.cpp", *flags, "-o", program)
else:
    shutil.copytree(here / "meson", work / "source")
    shutil.copy(here / "program.cpp", work / "source")
    for folder in folders:
        for file in pathlib.Path(folder).glob("*.pc"):
            file.write_text("\n".join(f"prefix={prefix}" if line.startswith("prefix=") else line
                                      for line in file.read_text().splitlines()) + "\n")
    run("meson", "setup", work / "build", work / "source", env=environment)
    run("meson", "compile", "-C", work / "build")
    program = work / "build" / "consumer"
run(program)
