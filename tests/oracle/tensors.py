"""Safetensors files and comparisons for the oracles: json and numpy only.

An oracle is a C++ program that writes weights, inputs and results into a folder, and a Python script that reads them,
computes the same with PyTorch, says `compare(...)` for each result and ends with `finish()`.
"""
import json
import pathlib
import sys

import numpy as np

_TYPES = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8"), "I64": np.dtype("<i8")}


def read(path):
    """{name: numpy array} of a safetensors file."""
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    out = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        out[name] = np.frombuffer(data[begin:end], _TYPES[entry["dtype"]]).reshape(entry["shape"]).copy()
    return out


def metadata(path):
    """{name: text} of a safetensors file."""
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]).get("__metadata__", {})


def write(path, arrays, metadata=None):
    """Writes {name: array or torch tensor} of float32, float64 or int64 as a safetensors file, names in order."""
    header, parts, at = {}, [], 0
    if metadata:
        header["__metadata__"] = metadata
    for name in sorted(arrays):
        array = _numpy(arrays[name])
        kind = next((k for k, t in _TYPES.items() if t == array.dtype), None)
        if kind is None:
            raise TypeError(f"{name} is {array.dtype}; float32, float64 and int64 are written")
        data = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))


def below(arrays, prefix):
    """The arrays whose names begin with `prefix.`, without it."""
    return {name[len(prefix) + 1 :]: value for name, value in arrays.items() if name.startswith(prefix + ".")}


def torch_of(arrays, dtype=None):
    """The arrays as torch tensors of `dtype` (None: their own)."""
    import torch

    return {n: torch.tensor(a, dtype=dtype if a.dtype.kind == "f" else None) for n, a in arrays.items()}


_found = []
_worst = {}  # (kind of difference, tolerance): (value, name)
_count = 0


def _numpy(x):
    return x.detach().cpu().numpy() if hasattr(x, "detach") else np.asarray(x)


def _note(name, kind, value, tolerance):
    if not value <= tolerance:  # NaN differs
        _found.append(f"{name}: {kind} {value:.3g}, tolerated {tolerance:.3g}.")
    key = (kind, tolerance)
    if key not in _worst or not value <= _worst[key][0]:
        _worst[key] = (value, name)


def compare(name, ours, theirs, *, relative_l2=None, max_abs=None, max_scaled=None):
    """Notes where `ours` is not `theirs`. At least one tolerance is given:
    relative_l2   |ours - theirs| / |theirs|, norms over all elements; both zero is no difference
    max_abs       the largest difference of two elements
    max_scaled    the same over the largest element of `theirs`, or over 1 where all are smaller"""
    global _count
    if relative_l2 is None and max_abs is None and max_scaled is None:
        raise TypeError("compare() needs relative_l2, max_abs or max_scaled")
    _count += 1
    a, b = (_numpy(x).astype(np.float64) for x in (ours, theirs))
    if a.shape != b.shape:
        _found.append(f"{name}: shape {list(a.shape)}, expected {list(b.shape)}.")
        return
    apart = a - b
    if relative_l2 is not None:
        norm, difference = np.linalg.norm(b), np.linalg.norm(apart)
        _note(name, "relative L2", 0.0 if difference == 0 else difference / norm if norm > 0 else np.inf, relative_l2)
    if max_abs is not None and a.size:
        _note(name, "largest difference", float(np.max(np.abs(apart))), max_abs)
    if max_scaled is not None and a.size:
        _note(name, "largest scaled difference", float(np.max(np.abs(apart)) / max(1.0, np.max(np.abs(b)))), max_scaled)


def compare_network(name, ours, theirs, *, relative_l2):
    """The same for all tensors of a network as one long vector: {name: array} twice, with the same names."""
    if set(ours) != set(theirs):
        only = sorted(set(ours) ^ set(theirs))
        _found.append(f"{name}: these tensors are on one side only: {', '.join(only)}.")
        return
    if not ours:
        _found.append(f"{name}: there is nothing to compare.")
        return
    for n in sorted(ours):
        if _numpy(ours[n]).shape != _numpy(theirs[n]).shape:
            compare(f"{name} {n}", ours[n], theirs[n], relative_l2=relative_l2)
            return
    long = lambda d: np.concatenate([_numpy(d[n]).astype(np.float64).ravel() for n in sorted(d)])
    compare(name, long(ours), long(theirs), relative_l2=relative_l2)


def finish():
    """Prints the worst difference of each kind and ends the script: status 1 with a sentence for every difference."""
    for (kind, tolerance), (value, name) in sorted(_worst.items(), key=str):
        print(f"{kind}, tolerated {tolerance:.3g}: worst {value:.3g} ({name})")
    if _count == 0:
        _found.append("Nothing was compared.")
    for sentence in _found:
        print(sentence)
    print(f"{_count} comparisons, {len(_found)} differences")
    sys.exit(1 if _found else 0)
