# Compares the figures of `rop_study umap` with scikit-learn's on the same map.
# umap_oracle.py ROP_STUDY DIGITS_CSV FOLDER
# Exit status 77 (skipped) without scikit-learn.
import csv
import json
import subprocess
import sys

try:
    import numpy
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import KNeighborsClassifier
except ImportError as missing:
    print("skipped:", missing, "(apt-get install python3-sklearn)")
    sys.exit(77)

program, digits, folder = sys.argv[1:4]
subprocess.run([program, "umap", digits, "--min-dist", "0.1", "--seed", "42", "--out", folder], check=True)
rows = list(csv.reader(open(digits)))[1:]
labels = numpy.array([int(row[0]) for row in rows])
points = numpy.array([[float(cell) for cell in row[1:]] for row in rows])
places = numpy.array([[float(row["x"]), float(row["y"])] for row in csv.DictReader(open(folder + "/embedding.csv"))])
ours = json.load(open(folder + "/umap.json"))["quality"]
theirs = {
    "trustworthiness_5": trustworthiness(points, places, n_neighbors=5),
    "trustworthiness_15": trustworthiness(points, places, n_neighbors=15),
    "label_accuracy_5_own_vote": KNeighborsClassifier(5).fit(places, labels).score(places, labels),
}
worst = 0.0
for name, value in theirs.items():
    worst = max(worst, abs(ours[name] - value))
    print(f"{name}: ours {ours[name]:.7f}, scikit-learn {value:.7f}")
# Digits are small integers: distances tie, and ranks of tied points differ by sorting. That moves these figures little.
assert worst < 1e-4, f"differs by {worst}"
assert ours["trustworthiness_15"] >= 0.984 and ours["label_accuracy_5_own_vote"] >= 0.985
