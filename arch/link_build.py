"""The number that tells builds of an engine with a host link apart."""

import hashlib
import json
from dataclasses import asdict

from arch.link_shape import LinkShape
from arch.network_program import NetworkProgram
from arch.shape_record import shape_record

__all__ = ["link_build"]


def link_build(program: NetworkProgram, link: LinkShape) -> int:
    """First 32 bits of a SHA-256 of everything that makes the hardware.

    That is the shape of the engine, the sizes of the link but ``build``, and the words of all
    memories unless they are loaded: engines that load their tables have the same number whatever
    ``program`` holds.
    """
    sizes = asdict(link)
    del sizes["build"]
    digest = hashlib.sha256(json.dumps([shape_record(program.shape), sizes]).encode())
    if not program.shape.engine.loadable:
        digest.update(json.dumps([program.words, program.layers.layer_words]).encode())
        for name, (_layout, words) in program.memories.items():
            digest.update(f"{name} {len(words)}\n".encode())
            for word in words:
                digest.update(f"{word:x}\n".encode())
    return int(digest.hexdigest()[:8], 16)
