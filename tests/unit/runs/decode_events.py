#!/usr/bin/env python3
"""Decodes a TensorBoard event file by the published formats alone (TFRecord, protobuf's wire format, event.proto and
summary.proto) and prints a JSON line per event. Exit status 1 at a wrong checksum or a rest."""
import json
import math
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 * (crc & 1))
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            value, at = data[at:at + 8], at + 8
        elif kind == 2:
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        elif kind == 5:
            value, at = data[at:at + 4], at + 4
        else:
            sys.exit(f"wire type {kind}")
        yield key >> 3, value


def number(x):
    return x if math.isfinite(x) else str(x)


data = open(sys.argv[1], "rb").read()
at = 0
while at < len(data):
    head = data[at:at + 8]
    length, = struct.unpack("<Q", head)
    content = data[at + 12:at + 12 + length]
    if len(content) != length or data[at + 8:at + 12] != struct.pack("<I", masked(head)):
        sys.exit(f"damaged length at byte {at}")
    if data[at + 12 + length:at + 16 + length] != struct.pack("<I", masked(content)):
        sys.exit(f"damaged data at byte {at}")
    at += 16 + length
    event = {"step": 0, "scalars": {}, "count": 0}
    for field, value in fields(content):
        if field == 1:
            event["wall_time"], = struct.unpack("<d", value)
        elif field == 2:
            event["step"] = value
        elif field == 3:
            event["file_version"] = value.decode()
        elif field == 5:
            for inner, summary_value in fields(value):
                parts = dict(fields(summary_value))
                assert inner == 1 and set(parts) == {1, 2}
                event["scalars"][parts[1].decode()] = number(struct.unpack("<f", parts[2])[0])
                event["count"] += 1
        else:
            sys.exit(f"unknown field {field}")
    print(json.dumps(event))
