#!/usr/bin/env python3
"""The oracles' own comparison: files come back as they were, and a difference is found. Exit 77 without numpy."""
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError as reason:
    print(f"skipped: {reason} (apt-get install python3-torch)")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
import tensors  # noqa: E402

with tempfile.TemporaryDirectory() as folder:
    arrays = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array(2.5), "c": np.array([-1, 7])}
    tensors.write(folder + "/t", arrays, {"what": "a test"})
    back = tensors.read(folder + "/t")
    assert tensors.metadata(folder + "/t") == {"what": "a test"}
    assert sorted(back) == ["a", "b", "c"]
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype and np.array_equal(back[name], array) and back[name].shape == array.shape
assert tensors.below({"a.b.c": 1, "ab.c": 2}, "a") == {"b.c": 1}


def status(code):
    run = subprocess.run([sys.executable, "-c", "from tensors import *\nimport numpy as np\n" + code + "\nfinish()"],
                         env=dict(os.environ, PYTHONPATH=str(HERE), PYTHONDONTWRITEBYTECODE="1"), capture_output=True)
    return run.returncode


ok = "compare('x', np.ones(4), np.ones(4) + 1e-6, relative_l2=1e-5, max_abs=1e-5, max_scaled=1e-5)"
assert status(ok) == 0
for wrong in ("pass",
              "compare('x', np.ones(4), np.ones(4) + 1e-4, relative_l2=1e-5)",
              "compare('x', np.ones(4), np.ones(4) + 1e-4, max_abs=1e-5)",
              "compare('x', np.full(4, 10), np.full(4, 10.1), max_scaled=1e-3)",
              "compare('x', np.ones(4), np.ones(5), max_abs=1)",
              "compare('x', np.full(4, np.nan), np.ones(4), max_abs=1)",
              "compare('x', np.ones(4), np.zeros(4), relative_l2=1)",
              "compare_network('x', {'a': np.ones(2)}, {'b': np.ones(2)}, relative_l2=1)",
              "compare_network('x', {}, {}, relative_l2=1)",
              "compare_network('x', {'a': np.ones(2)}, {'a': np.ones(2) * 1.1}, relative_l2=1e-2)"):
    assert status(ok + "\n" + wrong if wrong != "pass" else wrong) == 1, wrong
print("the oracles' comparison finds what differs")
