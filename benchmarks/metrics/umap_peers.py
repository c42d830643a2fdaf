#!/usr/bin/python3
# UMAP of the digits beside umap-learn and uwot, in one run on one core: time, quality and processor.
#   umap_peers.py BENCH_UMAP DIGITS_CSV      (apt-get install umap-learn r-cran-uwot; a missing peer is left out)
# Every fit is timed warm: umap-learn is run once before, so that its compilation does not count. Prints Markdown.
import csv
import ctypes.util
import json
import os
import platform
import subprocess
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
bench, digits = sys.argv[1:3]
repeats = 3
lines = []


def add(what, epochs, wall, cpu, trust, accuracy):
    text = [f"{v:.5f}" if v is not None else "" for v in (trust, accuracy)]
    lines.append((wall, f"| {what} | {epochs} | {wall:.2f} | {cpu:.2f} | {text[0]} | {text[1]} |"))


ours = json.loads(subprocess.run(
    [bench, "--benchmark_filter=digits_fit.*threads:1", f"--benchmark_repetitions={repeats}", "--benchmark_format=json"],
    check=True, capture_output=True, text=True).stdout)
for epochs in (500, 200):
    runs = [b for b in ours["benchmarks"] if f"epochs:{epochs}/" in b["name"] and b["run_type"] == "iteration"]
    best = min(runs, key=lambda b: b["real_time"])
    add("synthmed", epochs, best["real_time"] / 1e3, best["cpu_time"] / 1e3, best["trust15"], best["accuracy5"])

try:
    import warnings
    warnings.filterwarnings("ignore")
    import numpy
    import umap
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import KNeighborsClassifier

    rows = list(csv.reader(open(digits)))[1:]
    labels = numpy.array([int(row[0]) for row in rows])
    points = numpy.array([[float(cell) for cell in row[1:]] for row in rows])

    def judged(places):
        return (trustworthiness(points, places, n_neighbors=15), KNeighborsClassifier(5).fit(places, labels).score(places, labels))

    umap.UMAP(random_state=1, n_epochs=20).fit(points)
    for epochs in (500, 200):
        best = None
        for _ in range(repeats):
            wall, cpu = time.perf_counter(), time.process_time()
            fitted = umap.UMAP(random_state=42, min_dist=0.1, n_epochs=epochs).fit(points)
            run = (time.perf_counter() - wall, time.process_time() - cpu, fitted.embedding_)
            best = run if best is None or run[0] < best[0] else best
        add(f"umap-learn {umap.__version__}, warm", epochs, best[0], best[1], *judged(best[2]))
except ImportError as missing:
    print(f"umap-learn left out: {missing}", file=sys.stderr)

script = """
suppressPackageStartupMessages(library(uwot))
t <- as.matrix(read.csv(commandArgs(TRUE)[1])); x <- t[, -1]
for (epochs in c(500, 200)) { best <- NULL
  for (i in 1:%d) { set.seed(42)
    s <- system.time(e <- umap(x, n_neighbors = 15, min_dist = 0.1, n_epochs = epochs, n_threads = 1, n_sgd_threads = 1))
    if (is.null(best) || s[3] < best[3]) best <- s }
  write.csv(e, paste0(commandArgs(TRUE)[2], epochs), row.names = FALSE)
  cat(as.character(packageVersion("uwot")), epochs, best[3], best[1] + best[2], "\\n") }
""" % repeats
out = f"/tmp/umap_peers_{os.getpid()}_"
try:
    said = subprocess.run(["Rscript", "-e", script, digits, out], check=True, capture_output=True, text=True).stdout
    for line in said.splitlines():
        version, epochs, wall, cpu = line.split()
        places = numpy.array([[float(cell) for cell in row] for row in list(csv.reader(open(out + epochs)))[1:]])
        os.remove(out + epochs)
        add(f"uwot {version}", epochs, float(wall), float(cpu), *judged(places))
except (FileNotFoundError, subprocess.CalledProcessError, NameError) as missing:
    print(f"uwot left out: {missing}", file=sys.stderr)

blas = "unknown"
library = ctypes.util.find_library("openblas")
if library:
    name = ctypes.CDLL(library).openblas_get_corename
    name.restype = ctypes.c_char_p
    blas = "OpenBLAS " + name().decode()
model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
print(f"Digits (1797 x 64), min_dist 0.1, best of {repeats}, one thread; {model}, load {os.getloadavg()[0]:.1f}; BLAS of the peers: {blas}\n")
print("| package | epochs | wall s | CPU s | trustworthiness 15 | 5-NN accuracy |\n|---|---|---|---|---|---|")
for _, line in sorted(lines):
    print(line)
