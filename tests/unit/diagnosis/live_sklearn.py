#!/usr/bin/env python3
"""Our figures against scikit-learn's on fresh data: normal, tied and tiny sets. Exit 77 where it is not installed."""
import csv
import random
import subprocess
import sys
import tempfile

try:
    import sklearn
    from sklearn import metrics as M
except ImportError as reason:
    print(f"skipped: {reason} (apt-get install python3-sklearn)")
    sys.exit(77)


def data(seed, n, digits):
    r = random.Random(seed)
    rows = []
    for i in range(n):
        y = 1 if i < 2 else 0 if i < 4 else int(r.random() < 0.35)
        clip = lambda x: round(min(max(x, 0.001), 0.999), digits)
        rows.append((y, clip(r.gauss(0.35 + 0.25 * y, 0.2)), clip(r.gauss(0.4 + 0.2 * y, 0.2))))
    return rows


def main(program):
    worst = 0.0
    for seed, (n, digits) in enumerate([(1000, 12), (1000, 2), (300, 1), (50, 3), (12, 1), (20000, 4)]):
        rows = data(seed, n, digits)
        with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as f:
            w = csv.writer(f)
            w.writerow(["y", "a", "b"])
            w.writerows([(y, repr(a), repr(b)) for y, a, b in rows])
            f.flush()
            said = subprocess.run([program, f.name], capture_output=True, text=True, check=True).stdout
        ours = {k: float(v) for k, v in (line.split(",") for line in said.split())}
        y = [r[0] for r in rows]
        a = [r[1] for r in rows]
        called = [int(s >= 0.5) for s in a]
        precision, recall, _ = M.precision_recall_curve(y, a)
        fpr, tpr, _ = M.roc_curve(y, a)
        theirs = {
            "auc": M.roc_auc_score(y, a),
            "auc_max_fpr": M.roc_auc_score(y, a, max_fpr=0.2),
            "average_precision": M.average_precision_score(y, a),
            "trapezoid": M.auc(recall, precision),
            "brier": M.brier_score_loss(y, a),
            "log_loss": M.log_loss(y, a),
            "accuracy": M.accuracy_score(y, called),
            "balanced_accuracy": M.balanced_accuracy_score(y, called),
            "kappa": M.cohen_kappa_score(y, called),
            "mcc": M.matthews_corrcoef(y, called),
            "f1": M.f1_score(y, called),
        }
        for key, value in theirs.items():
            gap = abs(ours[key] - value) / max(abs(value), 1e-3)
            worst = max(worst, gap)
            if not gap <= 1e-11:
                sys.exit(f"n = {n}, {digits} digits, {key}: ours {ours[key]!r}, scikit-learn {value!r}")
        best = max(t - f for t, f in zip(tpr, fpr))
        if abs(ours["youden_sensitivity"] + ours["youden_specificity"] - 1 - best) > 1e-12:
            sys.exit(f"n = {n}: Youden's index differs from scikit-learn's curve")
    print(f"scikit-learn {sklearn.__version__}: 6 data sets, 12 figures each, largest relative difference {worst:.2g}")


main(sys.argv[1])
