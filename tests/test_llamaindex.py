"""The LlamaIndex parts behave as LlamaIndex expects and give what the product gives."""

import asyncio
import os
import re
from pathlib import Path

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


def test_the_chat_engine_understands_follow_ups_and_keeps_the_history(engine):
    from app.llamaindex import PolicyChatEngine

    chat = PolicyChatEngine(engine)
    first = chat.chat("贵州的做法是什么")
    assert str(first) == engine.ask("贵州的做法是什么").text and first.source_nodes and first.metadata["citations"]
    second = chat.chat("那浙江呢？")
    assert {n.node.metadata["title"] for n in second.source_nodes} & {
        c["title"] for c in engine.ask("浙江的做法是什么").to_json()["citations"]
    }
    assert [m.role.value for m in chat.chat_history] == ["user", "assistant"] * 2
    chat.reset()
    assert chat.chat_history == []


def test_the_chat_engine_streams_what_it_answers(engine):
    from app.llamaindex import PolicyChatEngine

    chat = PolicyChatEngine(engine)
    response = chat.stream_chat("合肥押注的细分赛道是什么")
    streamed = "".join(response.response_gen)
    assert streamed.strip() == engine.ask("合肥押注的细分赛道是什么").text
    assert response.source_nodes and chat.chat_history[-1].content == streamed.strip()


def test_the_chat_engine_streams_asynchronously(engine):
    from app.llamaindex import PolicyChatEngine

    async def run():
        chat = PolicyChatEngine(engine)
        whole = await chat.achat("合肥押注的细分赛道是什么")
        chat.reset()
        response = await chat.astream_chat("合肥押注的细分赛道是什么")
        pieces = [piece async for piece in response.async_response_gen()]
        return str(whole), "".join(pieces).strip(), chat.chat_history

    whole, streamed, history = asyncio.run(run())
    assert streamed == whole and [m.role.value for m in history] == ["user", "assistant"]


def test_a_models_sentences_are_streamed_one_by_one(engine):
    from types import SimpleNamespace

    from app.engine import Engine
    from app.generation.backend import Backend, Opened
    from app.llamaindex import PolicyChatEngine

    class Speaker:
        def stream_chat(self, messages, **_):
            lines = [line for line in messages[1].content.splitlines() if line.startswith("[")]
            for line in lines[:3]:
                number, text = line.split(" ", 1)
                yield SimpleNamespace(delta=text.split(") ", 1)[1].rstrip("。") + number + "。\n")

    speaking = Engine(engine.store, engine.embedder, Backend("speaker", lambda: Opened(Speaker())))
    pieces = list(PolicyChatEngine(speaking).stream_chat("贵州的做法是什么").response_gen)
    assert len(pieces) >= 2 and all("[" in piece for piece in pieces if piece.strip())
    assert "".join(pieces).strip() == speaking.ask("贵州的做法是什么").text


def test_the_example_in_the_documents_runs(sample_store, monkeypatch, capsys):
    """docs/llamaindex.md, its code as it stands, on the sample corpus."""
    text = (Path(__file__).resolve().parent.parent / "docs" / "llamaindex.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    assert blocks
    monkeypatch.setenv("POLICYQA_STORE", str(sample_store))
    monkeypatch.chdir(Path(__file__).resolve().parent.parent)
    for variable in [name for name in os.environ if name.startswith("POLICYQA_LLM")]:
        monkeypatch.delenv(variable)
    names: dict = {}
    for block in blocks:
        exec(compile(block, "docs/llamaindex.md", "exec"), names)
    shown = capsys.readouterr().out
    assert "资料未披露贵州的算力利用率" in shown and "浙江" in shown
