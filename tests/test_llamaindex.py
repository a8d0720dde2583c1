"""The LlamaIndex parts behave as LlamaIndex expects and give what the product gives."""

import asyncio

import pytest

from app.build import open_engine
from app.settings import load_settings


@pytest.fixture(scope="module")
def engine(sample_store):
    with open_engine(load_settings({}, store=str(sample_store))) as engine:
        yield engine


def test_the_query_engine_returns_the_cited_answer(engine):
    from app.llamaindex import PolicyQueryEngine

    response = PolicyQueryEngine(engine).query("贵州算力利用率如何")
    assert response.metadata["abstained"] and response.metadata["abstain_reason"] == "wrong_scope"
    assert "平均利用率约65%" in response.source_nodes[0].get_content()
    again = asyncio.run(PolicyQueryEngine(engine).aquery("贵州算力利用率如何"))
    assert str(again) == str(response)


def test_the_retriever_gives_the_engines_ranking(engine):
    from app.llamaindex import PolicyRetriever

    nodes = PolicyRetriever(engine, k=3).retrieve("合肥押注的细分赛道是什么")
    assert [n.node.node_id for n in nodes] == [h.chunk.id for h in engine.search("合肥押注的细分赛道是什么", 3)]
    assert "量子" in nodes[0].get_content()


def test_the_node_parser_keeps_exact_offsets():
    from llama_index.core import Document

    from app.llamaindex import PolicyNodeParser

    text = "第一章 总则\n第一条 为了发展，制定本办法。\n第二条 本办法适用于本省。" + "其他事项另行规定。" * 80
    nodes = PolicyNodeParser().get_nodes_from_documents([Document(text=text)])
    assert len(nodes) >= 3
    assert all(text[n.start_char_idx : n.end_char_idx] == n.get_content() for n in nodes)


def test_the_embedding_is_the_stores_own(engine):
    from app.llamaindex import PolicyEmbedding

    embedding = PolicyEmbedding(engine.embedder)
    vector = embedding.get_query_embedding("算力")
    assert len(vector) == engine.embedder.dimension
    assert len(embedding.get_text_embedding_batch(["甲地有政策。", "乙地没有。"])) == 2
