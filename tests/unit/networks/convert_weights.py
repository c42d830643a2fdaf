#!/usr/bin/env python3
"""tools/convert_weights.py on a small made-up state dict: values, names, bytes that repeat, and every refusal in one
sentence. Exit 77 without PyTorch."""
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
except ImportError as reason:
    print(f"skipped: {reason} (apt-get install python3-torch)")
    sys.exit(77)

sys.dont_write_bytecode = True
tests = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(tests / "oracle"))
from tensors import metadata, read  # noqa: E402

TOOL = tests.parent / "tools" / "convert_weights.py"


def run(*arguments):
    return subprocess.run([sys.executable, TOOL, *map(str, arguments)], capture_output=True, text=True)


def refused(part, *arguments):
    done = run(*arguments)
    assert done.returncode == 1 and part in done.stderr and done.stderr.count("\n") == 1, (part, done)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    made_up = {
        "module.conv1.weight": torch.arange(24, dtype=torch.float32).reshape(2, 3, 2, 2) / 7,
        "module.bn1.running_var": torch.tensor([1.5, 2.5], dtype=torch.float64),
        "module.bn1.num_batches_tracked": torch.tensor(3),
        "fc.weight": torch.tensor([[0.5, -0.25]], dtype=torch.float16),
        "turned": torch.arange(6, dtype=torch.float32).reshape(2, 3).t(),  # not contiguous
    }
    torch.save(made_up, folder / "a.pth")
    out = folder / "a.safetensors"
    refused("none of the known files'", folder / "a.pth", out)
    assert not out.exists()
    done = run(folder / "a.pth", out, "--unknown-ok", "--strip", "module.")
    assert done.returncode == 0 and "5 tensors, 35 numbers" in done.stdout, done
    arrays = read(out)
    assert sorted(arrays) == ["bn1.num_batches_tracked", "bn1.running_var", "conv1.weight", "fc.weight", "turned"]
    assert np.array_equal(arrays["conv1.weight"], made_up["module.conv1.weight"].numpy())
    assert arrays["bn1.running_var"].dtype == np.float64 and arrays["bn1.num_batches_tracked"] == 3
    assert np.array_equal(arrays["fc.weight"], np.array([[0.5, -0.25]], np.float32))
    assert np.array_equal(arrays["turned"], np.arange(6, dtype=np.float32).reshape(2, 3).T)
    about = metadata(out)
    assert about["source"] == "a.pth" and len(about["source_sha256"]) == 64
    first = out.read_bytes()
    assert run(folder / "a.pth", out, "--unknown-ok", "--strip", "module.").returncode == 0
    assert out.read_bytes() == first
    assert (int.from_bytes(first[:8], "little") + 8) % 8 == 0  # the data begin aligned

    torch.save({"epoch": 3, "state_dict": {"w": torch.ones(2)}}, folder / "wrapped.pth")
    assert run(folder / "wrapped.pth", folder / "w.safetensors", "--unknown-ok").returncode == 0
    assert list(read(folder / "w.safetensors")) == ["w"]

    class Code:  # a file that would run something when it is read
        def __reduce__(self):
            return (os.system, (f"touch '{folder / 'ran'}'",))

    torch.save({"w": Code()}, folder / "code.pth")
    refused("without running code", folder / "code.pth", folder / "c.safetensors", "--unknown-ok")
    assert not (folder / "ran").exists() and not (folder / "c.safetensors").exists()
    torch.save([torch.ones(1)], folder / "list.pth")
    refused("holds no state dict", folder / "list.pth", folder / "c.safetensors", "--unknown-ok")
    torch.save({"w": torch.ones(1, dtype=torch.complex64)}, folder / "complex.pth")
    refused("is torch.complex64", folder / "complex.pth", folder / "c.safetensors", "--unknown-ok")
    torch.save({"a.w": torch.ones(1), "w": torch.ones(1)}, folder / "twice.pth")
    refused('two tensors are called "w"', folder / "twice.pth", folder / "c.safetensors", "--unknown-ok", "--strip", "a.")
    refused("there is no file", folder / "none.pth", folder / "c.safetensors")
    refused("there is no folder", folder / "a.pth", folder / "none" / "c.safetensors")
    assert sorted(p.suffix for p in folder.iterdir() if p.name.startswith("c.")) == []
    help_text = run("--help")
    assert help_text.returncode == 0 and "examples:" in help_text.stdout
print("state dicts become safetensors, and nothing else does")
