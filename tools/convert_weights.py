#!/usr/bin/env python3
"""Converts a PyTorch state dict to safetensors, for `rop_study fid --inception` and `rop_study classify --init`.

Two files are known, by the first digits of their SHA-256, which their publishers put into the names:
  resnet18-f37072fd.pth                    torchvision's ResNet-18, trained on ImageNet
  pt_inception-2015-12-05-6726825d.pth     pytorch-fid's Inception, whose features FID compares
Any other file is refused unless --unknown-ok is given. Only tensors are read from a file, never code
(torch.load with weights_only). Needs PyTorch, 1.13 or later, and nothing else:
  apt-get install python3-torch
Nothing is downloaded; docs/weights.md says where the files are.

examples:
  tools/convert_weights.py resnet18-f37072fd.pth resnet18.safetensors
  tools/convert_weights.py pt_inception-2015-12-05-6726825d.pth inception.safetensors
  tools/convert_weights.py mine.pth mine.safetensors --unknown-ok --strip module.
"""
import argparse
import hashlib
import json
import os
import pathlib
import sys
import tempfile

KNOWN = {
    "f37072fd": "torchvision's ResNet-18",
    "6726825d": "pytorch-fid's Inception",
}


def fail(sentence):
    sys.exit(f"convert_weights: {sentence}")


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def state_dict_of(path):
    """{name: tensor}; a training checkpoint's "state_dict" is unwrapped."""
    try:
        import torch
    except ImportError as reason:
        fail(f"PyTorch is needed to read {path}: {reason}. apt-get install python3-torch, then run it with /usr/bin/python3.")
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as reason:  # what torch raises for a damaged or foreign file differs between versions
        problem = str(reason).strip().splitlines()[-1].split("WeightsUnpickler error: ")[-1]
        fail(f"{path} is no file of plain tensors that PyTorch {torch.__version__} reads without running code from it: {problem}")
    if isinstance(loaded, dict) and isinstance(loaded.get("state_dict"), dict):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, dict) or not loaded or not all(torch.is_tensor(x) for x in loaded.values()):
        fail(f"{path} holds no state dict: expected names with tensors, got {type(loaded).__name__}.")
    return loaded


def encoded(name, tensor):
    """(type, shape, bytes) of one tensor; half precision becomes float32."""
    import torch

    if tensor.dtype in (torch.float16, torch.bfloat16):
        tensor = tensor.float()
    kinds = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}
    if tensor.dtype not in kinds:
        fail(f'tensor "{name}" is {tensor.dtype}; float16, bfloat16, float32, float64 and int64 are converted.')
    return kinds[tensor.dtype], list(tensor.shape), tensor.detach().contiguous().numpy().tobytes()


def write_safetensors(path, tensors, metadata):
    """Names in alphabetical order, so that the same weights give the same bytes; renamed when complete."""
    header, parts, at = {"__metadata__": metadata}, [], 0
    for name in sorted(tensors):
        kind, shape, data = encoded(name, tensors[name])
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(len(text).to_bytes(8, "little"))
            file.write(text)
            file.writelines(parts)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=pathlib.Path, help="the .pth file")
    parser.add_argument("target", type=pathlib.Path, help="the .safetensors file to write")
    parser.add_argument("--unknown-ok", action="store_true", help="convert a file that is not one of the two known ones")
    parser.add_argument("--strip", default="", metavar="PREFIX", help='taken off the front of names that have it, such as "module."')
    arguments = parser.parse_args()
    if not arguments.source.is_file():
        fail(f"there is no file {arguments.source}.")
    if not arguments.target.parent.is_dir():
        fail(f"there is no folder {arguments.target.parent} to write {arguments.target.name} into.")
    sha256 = sha256_of(arguments.source)
    known = KNOWN.get(sha256[:8])
    if not known and not arguments.unknown_ok:
        fail(f"{arguments.source} has the SHA-256 {sha256}, which is none of the known files' (f37072fd...: ResNet-18, "
             "6726825d...: Inception); if the download is complete and you trust it, add --unknown-ok.")
    tensors = {}
    for name, tensor in state_dict_of(arguments.source).items():
        name = name[len(arguments.strip):] if arguments.strip and name.startswith(arguments.strip) else name
        if name in tensors:
            fail(f'two tensors are called "{name}" without the prefix "{arguments.strip}".')
        tensors[name] = tensor
    try:
        write_safetensors(arguments.target, tensors, {"source": arguments.source.name, "source_sha256": sha256})
    except OSError as reason:
        fail(f"cannot write {arguments.target}: {reason.strerror}.")
    count = sum(tensor.numel() for tensor in tensors.values())
    print(f"{arguments.target}: {len(tensors)} tensors, {count} numbers, from {known or 'an unknown file'} "
          f"(SHA-256 {sha256[:8]}...)")


if __name__ == "__main__":
    main()
