"""The bundled model as an int8 graph for ONNX Runtime, written straight from the weights (torch is not needed)."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ingest.weights import BLOCK, PackedWeights

Array = npt.NDArray[Any]
# Layers whose second feed-forward product keeps the 4-bit blocks: their inputs have outliers, which one int8 scale for
# a whole text serves badly. Measured: these three halve the error (cosine 0.9976 -> 0.9988) for a tenth of the time.
BLOCKWISE = ("l0.fo", "l4.fo", "l5.fo")


def write_onnx(packed: PackedWeights, path: Path, name: str) -> None:
    """Write the int8 graph: `input_ids` int64 [texts, tokens] -> `last_hidden_state` float32 [texts, tokens, hidden].

    It takes no attention mask: the texts of one run must be of equal length, and in `ingest.embed` a run is one text.
    Activations are quantised per run (ONNX Runtime's dynamic int8), so a vector never depends on a batch's other texts,
    and attention without a mask takes the faster kernel.
    """
    import onnx
    from onnx import helper

    graph = _Graph(packed)
    x = graph.embeddings()
    for n in range(packed.layers):
        last = n == packed.layers - 1
        context = graph.attention(x, f"l{n}")
        x = graph.normalised_sum(graph.linear(context, [f"l{n}.ao"]), x, f"l{n}.aln")
        inner = graph.node("Gelu", [graph.linear(x, [f"l{n}.fi"])])
        x = graph.normalised_sum(graph.linear(inner, [f"l{n}.fo"]), x, f"l{n}.oln", "last_hidden_state" if last else "")
    ids = helper.make_tensor_value_info("input_ids", onnx.TensorProto.INT64, ["texts", "tokens"])
    out = helper.make_tensor_value_info(x, onnx.TensorProto.FLOAT, ["texts", "tokens", packed.hidden])
    model = helper.make_model(
        helper.make_graph(graph.nodes, name, [ids], [out], graph.constants),
        opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)],
        ir_version=10,
    )
    onnx.save(model, str(path))


class _Graph:
    """Nodes and constants of the encoder, with ONNX Runtime's own CPU operators where those are faster."""

    def __init__(self, packed: PackedWeights) -> None:
        self.packed = packed
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(
        self, kind: str, inputs: list[str], outputs: list[str] | None = None, fused: bool = True, **options: Any
    ) -> str:
        from onnx import helper

        outputs = outputs or [f"{kind}_{len(self.nodes)}"]
        domain = "com.microsoft" if fused else ""
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], domain=domain, **options))
        return outputs[0]

    def constant(self, name: str, array: Array) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def embeddings(self) -> str:
        """Word (4-bit, exactly as in the file), position and type embeddings, normalised."""
        from onnx import TensorProto

        p = self.packed
        scales, integers = p.blocks("emb.word")
        nibbles = integers.reshape(p.vocabulary, p.hidden).view(np.uint8) & 15
        shape = (p.vocabulary, p.hidden)
        words = TensorProto(name="words", data_type=TensorProto.INT4, dims=shape,
                            raw_data=(nibbles[:, 0::2] | nibbles[:, 1::2] << 4).tobytes())  # fmt: skip
        self.constants.append(words)
        scale = self.constant("words.scale", scales.reshape(p.vocabulary, -1))
        word = self.node("GatherBlockQuantized", ["words", "input_ids", scale], block_size=BLOCK, gather_axis=0,
                         quantize_axis=1)  # fmt: skip
        offsets = p.array("emb.pos", 1, p.positions, p.hidden) + p.array("emb.type", p.types, p.hidden)[0]
        length = self.node("Shape", ["input_ids"], fused=False, start=1, end=2)
        zero, axis = self.constant("zero", np.array([0])), self.constant("axis", np.array([1]))
        position = self.node("Slice", [self.constant("positions", offsets), zero, length, axis], fused=False)
        total = self.node("Add", [word, position], fused=False)
        return self.normalised(total, "emb.ln")

    def linear(self, x: str, names: list[str]) -> str:
        """Dense layers that share one input, as a single int8 product with a scale per output.

        Weights span -63..63, not -127..127: x86 machines without VNNI add pairs of products in 16 bits, which the full
        range overflows. Measured cost: mean cosine 0.9975 in place of 0.9978.
        """
        p = self.packed
        if names[0] in BLOCKWISE:
            return self.blockwise(x, names[0], p.inner, p.hidden)
        bias = np.concatenate([p.array(f"{name}.b", -1) for name in names])
        width = p.inner if names[0].endswith("fo") else p.hidden
        weight = np.concatenate([p.array(f"{name}.w", -1, width) for name in names])
        scale = np.maximum(np.abs(weight).max(axis=1), 1e-9) / 63
        integers = np.rint(weight / scale[:, None]).astype(np.int8).T
        stem = names[0]
        inputs = [x, self.constant(f"{stem}.w", integers), self.constant(f"{stem}.scale", scale), "",
                  self.constant(f"{stem}.b", bias)]  # fmt: skip
        return self.node("DynamicQuantizeMatMul", inputs)

    def blockwise(self, x: str, name: str, width: int, height: int) -> str:
        """Dense layer with the file's own 4-bit blocks; activations are quantised in blocks as well."""
        scales, integers = self.packed.blocks(f"{name}.w")
        nibbles = (integers + 8).astype(np.uint8).reshape(height, width // BLOCK, BLOCK)
        pairs = self.constant(f"{name}.w", nibbles[:, :, 0::2] | nibbles[:, :, 1::2] << 4)
        inputs = [x, pairs, self.constant(f"{name}.scale", scales), "", "",
                  self.constant(f"{name}.b", self.packed.array(f"{name}.b", -1))]  # fmt: skip
        return self.node("MatMulNBits", inputs, K=width, N=height, bits=4, block_size=BLOCK, accuracy_level=4)

    def attention(self, x: str, layer: str) -> str:
        p = self.packed
        joint = self.linear(x, [f"{layer}.{part}" for part in "qkv"])
        parts = [f"{layer}.{part}" for part in ("query", "key", "value")]
        sizes = self.constant(f"{layer}.sizes", np.full(3, p.hidden))
        self.node("Split", [joint, sizes], parts, fused=False, axis=2)
        return self.node("MultiHeadAttention", parts, num_heads=p.heads)

    def normalised_sum(self, x: str, skip: str, name: str, output: str = "") -> str:
        """LayerNorm(x + skip); the fused SkipLayerNormalization takes six times as long on the CPU (1.32)."""
        total = self.node("Add", [x, skip], fused=False)
        return self.normalised(total, name, [output] if output else None)

    def normalised(self, x: str, name: str, outputs: list[str] | None = None) -> str:
        norm = [self.constant(f"{name}.{part}", self.packed.array(f"{name}.{part}", -1)) for part in "wb"]
        options = {"axis": -1, "epsilon": self.packed.epsilon}
        return self.node("LayerNormalization", [x, *norm], outputs, fused=False, **options)
