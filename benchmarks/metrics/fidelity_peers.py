#!/usr/bin/env python3
# The Frechet distance beside what the Python packages compute (scipy's sqrtm of the covariance product, as pytorch-fid
# and clean-fid do; eigenvalues, as torch-fidelity does), in one run. Prints Markdown: seconds, in brackets processor
# seconds.
#   fidelity_peers.py BENCH_FIDELITY        (needs numpy and scipy; threadpoolctl names their BLAS)
import json
import platform
import subprocess
import sys
import time

import numpy as np
import scipy
from scipy import linalg

bench = sys.argv[1]


def timed(f):
    start, cpu = time.perf_counter(), time.process_time()
    f()
    return f"{time.perf_counter() - start:.2f} ({time.process_time() - cpu:.2f})"


def moments(x):
    return x.mean(0), np.cov(x, rowvar=False)


def by_sqrtm(x, y):
    (m1, s1), (m2, s2) = moments(x), moments(y)
    root = linalg.sqrtm(s1 @ s2)
    return float((m1 - m2) @ (m1 - m2) + np.trace(s1) + np.trace(s2) - 2 * np.trace(root).real)


def by_eigenvalues(x, y):
    (m1, s1), (m2, s2) = moments(x), moments(y)
    root = np.sqrt(linalg.eigvals(s1 @ s2).astype(complex)).real.sum()
    return float((m1 - m2) @ (m1 - m2) + np.trace(s1) + np.trace(s2) - 2 * root)


ours = json.loads(subprocess.run(
    [bench, "--benchmark_filter=frechet/n:(150|10000|1000/d:512)", "--benchmark_format=json"], check=True,
    capture_output=True, text=True).stdout)["benchmarks"]
try:
    from threadpoolctl import threadpool_info
    blas = ", ".join(f"{i.get('internal_api')} {i.get('version')} {i.get('architecture', '')} x{i.get('num_threads')}"
                     for i in threadpool_info() if i.get("user_api") == "blas")
except ImportError:
    blas = "unknown (install threadpoolctl)"
print(f"{platform.processor() or platform.machine()}; synthmed's BLAS core type: {ours[0].get('label')}; "
      f"scipy {scipy.__version__}, numpy {np.__version__}, their BLAS: {blas}\n")
print("| n | d | synthmed | sqrtm (pytorch-fid, clean-fid) | eigenvalues (torch-fidelity) |")
print("| --- | --- | --- | --- | --- |")
generator = np.random.default_rng(0)
for run in ours:
    n, d = (int(part.split(":")[1]) for part in run["name"].split("/")[1:3])
    x, y = generator.standard_normal((n, d)), generator.standard_normal((n, d))
    a, b = timed(lambda: by_sqrtm(x, y)), timed(lambda: by_eigenvalues(x, y))
    print(f"| {n} | {d} | {run['real_time'] / 1e3:.3f} ({run['cpu_time'] / 1e3:.3f}) | {a} | {b} |", flush=True)
