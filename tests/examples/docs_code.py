#!/usr/bin/env python3
"""Compiles the code of documentation pages: every ```cpp block that opens with #include is a complete unit.

docs_code.py COMPILER INCLUDE_FOLDER PAGE...
"""
import re
import subprocess
import sys
import tempfile

compiler, include, *pages = sys.argv[1:]
count = 0
for page in pages:
    with open(page, encoding="utf-8") as f:
        blocks = re.findall(r"^```cpp\n(.*?)^```", f.read(), re.M | re.S)
    for block in (b for b in blocks if b.startswith("#include")):
        with tempfile.NamedTemporaryFile("w", suffix=".cpp") as unit:
            unit.write(block)
            unit.flush()
            flags = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", include]
            done = subprocess.run([compiler, *flags, unit.name], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{page}: this block does not compile\n{block}\n{done.stderr}")
        count += 1
if count == 0:
    sys.exit("no block of code was found")
print(f"{count} blocks of code compile")
