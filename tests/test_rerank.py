"""Late interaction over packed token vectors, the setting that chooses a reranker, and what it does to a ranking."""

import numpy as np
import pytest

from app.build import open_engine
from app.retrieval.rerank import CrossEncoderReranker, LateInteraction, make_reranker
from app.retrieval.retrieve import rerank_best
from app.settings import Settings, load_settings
from app.understanding.understand import understand
from ingest.embed import load_embedder
from ingest.errors import InputError
from ingest.tokens import DIMENSION, content_tokens, max_sim, pack, quantise, reduce, unpack


@pytest.fixture(scope="module")
def engine(sample_store):
    with open_engine(load_settings({}, store=str(sample_store))) as engine:
        yield engine


def test_packed_tokens_keep_their_directions():
    drawn = np.random.default_rng(1).standard_normal((40, DIMENSION)).astype(np.float32)
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    data = quantise(vectors)
    assert len(data) == 40 * DIMENSION // 2
    assert (unpack(data) * vectors).sum(axis=1).min() > 0.98
    assert unpack(quantise(vectors[:0])).shape == (0, DIMENSION)


def test_stop_words_and_punctuation_leave_no_token():
    text = "贵州的算力，是多少？"
    offsets = [(0, 2), (2, 3), (3, 5), (5, 6), (6, 7), (7, 9), (9, 10)]
    assert [text[slice(*offsets[n])] for n in content_tokens(offsets, text)] == ["贵州", "算力"]
    assert content_tokens([(0, 1), (1, 2)], "的？") == [0, 1]


def test_max_sim_is_the_mean_over_the_questions_tokens_of_the_nearest():
    eye = np.eye(DIMENSION, dtype=np.float32)
    scores = max_sim(eye[:2], [quantise(eye[:1]), quantise(eye[:5]), b"", quantise(eye[7:9])])
    assert scores == pytest.approx([0.5, 1.0, 0.0, 0.0], abs=1e-6)


def test_tokens_made_at_ingest_are_those_of_the_text(engine):
    hit = engine.search("贵州算力产业规模", k=1)[0]
    text = hit.chunk.embed_text(hit.source.title)
    ((vectors, offsets),) = load_embedder().token_vectors([text], "passage")
    assert engine.store.catalog.tokens([hit.chunk.id, "unknown"]) == {hit.chunk.id: pack(vectors, offsets, text)}
    assert unpack(pack(vectors, offsets, text)).shape == reduce(vectors, offsets, text).shape


def test_late_is_the_default_and_lifts_the_passage_that_says_it(engine):
    assert isinstance(engine.reranker, LateInteraction) and Settings().rerank == "late"
    query = understand("哪些企业借助视觉检测", (), frozenset())
    hits = engine.search(query.text, k=20)
    scores = dict(
        zip((h.chunk.id for h in hits), engine.reranker.scores(query, [h.chunk.id for h in hits]), strict=True)
    )
    best = max(hits, key=lambda h: scores[h.chunk.id])
    assert "视觉检测" in best.chunk.text


def test_a_store_without_token_vectors_is_ranked_as_before(engine):
    query = understand("贵州算力", (), frozenset())
    assert engine.reranker.scores(query, ["of", "another", "store"]) is None
    assert rerank_best(query, {"a": 1.0, "b": 2.0}, engine.reranker) == {"a": 1.0, "b": 2.0}


def test_what_was_not_looked_at_stays_behind():
    class Reversing:
        weight = 9.0

        def scores(self, query, ids):
            return [float(n) for n, _ in enumerate(ids)]

    query = understand("贵州算力", (), frozenset())
    before = {f"{n:03}": float(-n) / 100 for n in range(50)}
    after = rerank_best(query, before, Reversing())
    order = sorted(after, key=lambda key: -after[key])
    assert order == [f"{n:03}" for n in [*range(29, -1, -1), *range(30, 50)]]


def test_none_and_a_missing_cross_encoder(engine, tmp_path):
    assert make_reranker("none", engine.store, engine.embedder) is None
    assert load_settings({"POLICYQA_RERANK": " none "}).rerank == "none"
    absent = make_reranker(str(tmp_path / "no-model"), engine.store, engine.embedder)
    assert isinstance(absent, CrossEncoderReranker)
    hit = engine.search("算力", k=1)[0]
    with pytest.raises(InputError, match="无法加载重排模型") as raised:
        absent.scores(understand("算力", (), frozenset()), [hit.chunk.id])
    assert "POLICYQA_RERANK" in raised.value.hint


def test_a_cross_encoder_from_a_folder_scores_question_and_passage_together(engine, tmp_path):
    transformers = pytest.importorskip("transformers")
    folder = tmp_path / "cross"
    (tmp_path / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"贵州算力产业规模是多少"]), encoding="utf-8"
    )
    transformers.BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=1
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    reranker = make_reranker(str(folder), engine.store, engine.embedder)
    ids = [hit.chunk.id for hit in engine.search("贵州算力产业规模", k=5)]
    scores = reranker.scores(understand("贵州算力产业规模", (), frozenset()), ids)
    assert len(scores) == 5 and all(np.isfinite(scores)) and len(set(scores)) > 1
