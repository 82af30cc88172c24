"""The file format: magic, version, a deflated index, then one deflated block a service.

    b"SLACKFACTS" | version: u8 | index length: u32 big-endian | index | blocks

The index, inflated, is text: first a line of JSON (sources and counts), then a line `block<TAB>offset<TAB>length` for each
block and below it a line `<TAB>type name<TAB>offset in the inflated block<TAB>length` for each type. A block, inflated, is the
types' JSON one after the other. So one type costs the index and its block: a service's in `facts.bin`, its own in `schemas.bin`.
"""

import json
import struct
import zlib

MAGIC = b"SLACKFACTS"
VERSION = 1


def service_of(type_name: str) -> str:
    return "::".join(type_name.split("::")[:2])


def pack(header: dict, records: dict[str, dict], block_of=service_of) -> bytes:
    together: dict[str, list[str]] = {}
    for name in sorted(records):
        together.setdefault(block_of(name), []).append(name)
    lines, blocks, offset = [json.dumps(header, sort_keys=True)], [], 0
    for block_name, names in sorted(together.items()):
        rows, parts, inside = [], [], 0
        for name in names:
            text = json.dumps(records[name], separators=(",", ":"), sort_keys=True).encode()
            rows.append(f"\t{name}\t{inside}\t{len(text)}")
            parts.append(text)
            inside += len(text)
        block = deflate(b"".join(parts))
        lines += [f"{block_name}\t{offset}\t{len(block)}", *rows]
        blocks.append(block)
        offset += len(block)
    index = deflate("\n".join(lines).encode())
    return MAGIC + bytes([VERSION]) + struct.pack(">I", len(index)) + index + b"".join(blocks)


def deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()
