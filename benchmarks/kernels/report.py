#!/usr/bin/env python3
"""Tables in Markdown from the JSON of the kernel benchmarks: one row per kernel and shape, one column per backend.

    report.py [--cpu-time] [--only REGEX] FILE.json...

Convolutions and products in GFLOP/s (of the direct algorithm), passes over memory in GB/s of needed traffic; "bare" is
the better form of oneDNN alone, "of bare" and "of copy" how much of it, or of the copy loop of the nearest size
measured in the same run, the xtensor backend reaches. With --benchmark_repetitions, medians are taken.
--cpu-time divides by the main thread's processor time: for runs with one thread on a machine that others use too.
"""
import argparse
import json
import re
import sys


def read(paths, cpu_time):
    """{(backend, family, kernel, shape): (unit, rate)} and the context of the first file."""
    rates, context = {}, {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        context = context or document["context"]
        medians = any(row.get("aggregate_name") == "median" for row in document["benchmarks"])
        for row in document["benchmarks"]:
            if row.get("error_occurred") or (medians and row.get("aggregate_name") != "median"):
                continue
            parts = row.get("run_name", row["name"]).removesuffix("/real_time").split("/")
            if parts[0] == "ceiling":
                parts = ["ceiling", "", parts[1], parts[2]]
            unit = "FLOP/s" if "FLOP/s" in row else "B/s"
            rates[tuple(parts)] = (unit, row[unit] * (row["real_time"] / row["cpu_time"] if cpu_time else 1))
    return rates, context


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu-time", action="store_true")
    parser.add_argument("--only", default="", metavar="REGEX", help="rows whose 'kernel/shape' it finds")
    parser.add_argument("files", nargs="+", metavar="FILE.json")
    options = parser.parse_args()
    cpu_time = options.cpu_time
    rates, context = read(options.files, cpu_time)
    backends = [b for b in ("xtensor", "torch", "reference") if any(key[0] == b for key in rates)]
    copies = {int(key[3]): rate for key, (_, rate) in rates.items() if key[:3] == ("ceiling", "", "copy")}
    peak = next((rate for key, (_, rate) in rates.items() if key[2] == "sgemm"), None)

    print(f"{context.get('backend', '')}; {context.get('threads', '?')} threads of {context['num_cpus']}, "
          f"{context['date']}{', processor time' if cpu_time else ''}.")
    if peak:
        print(f"Ceilings measured in the same run: sgemm {peak / 1e9:.0f} GFLOP/s; copy " +
              ", ".join(f"{rate / 1e9:.0f} GB/s ({8 * n / 1e6:.1f} MB)"
                        for n, rate in sorted(copies.items(), reverse=True)) + ".")

    keys = list(dict.fromkeys(key[1:] for key in rates
                              if key[0] in backends and re.search(options.only, "/".join(key[2:]))))
    for products in (True, False):
        chosen = [k for k in keys if (k[0] in ("convolution", "linear")) == products]
        if not chosen:
            continue
        beside = ["bare oneDNN", "of bare"] if products else ["of copy"]
        unit = "GFLOP/s" if products else "GB/s"
        print("\n| kernel | shape | " + " | ".join([f"{b} {unit}" for b in backends] + beside) + " |")
        print("| --- | --- |" + " ---: |" * (len(backends) + len(beside)))
        for key in chosen:
            ours = rates.get(("xtensor", *key), (None, None))[1]
            cells = [rates.get((b, *key), (None, None))[1] for b in backends]
            text = [f"{cell / 1e9:.3g}" if cell else "–" for cell in cells]
            if products:
                forms = [(form, *key) for form in ("onednn direct", "onednn winograd")]
                bare = max((rates[form][1] for form in forms if form in rates), default=None)
                text += [f"{bare / 1e9:.3g}" if bare else "–", f"{ours / bare:.2f}" if ours and bare else "–"]
            else:
                count = 1
                for extent in key[2].split("x"):
                    count *= int(extent)
                copy = copies[min(copies, key=lambda n: abs(n - count))] if copies else None
                text.append(f"{ours / copy:.2f}" if ours and copy else "–")
            print(f"| {key[1]} | {key[2]} | " + " | ".join(text) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
