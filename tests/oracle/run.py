#!/usr/bin/env python3
"""Runs one oracle: run.py PROGRAM SCRIPT FOLDER. The program writes its files into an empty FOLDER, then the script reads
them. Exit 77 where PyTorch is not installed, else the first status that is not 0."""
import os
import pathlib
import shutil
import subprocess
import sys

try:
    import torch  # noqa: F401
except ImportError as reason:
    print(f"skipped: {reason} (apt-get install python3-torch)")
    sys.exit(77)

program, script, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
status = subprocess.run([program, str(folder)]).returncode
if status == 0:
    here = str(pathlib.Path(__file__).resolve().parent)
    environment = dict(os.environ, PYTHONPATH=here, PYTHONDONTWRITEBYTECODE="1")
    status = subprocess.run([sys.executable, script, str(folder)], env=environment).returncode
if status == 0:
    shutil.rmtree(folder)  # a difference leaves the files for a look
sys.exit(1 if status < 0 else status)
