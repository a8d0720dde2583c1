"""What a model is sent fits into its context, whatever is asked; and a short completion for other steps."""

from types import SimpleNamespace

import pytest

from app.build import open_engine
from app.engine import Engine
from app.generation.backend import Backend, Limits, Opened
from app.generation.errors import LLMError
from app.generation.stream import complete
from app.generation.tokens import estimate_tokens, shortened
from app.settings import load_settings

QUESTION = "贵州的做法是什么"


class Recorder:
    def __init__(self, *deltas):
        self.deltas, self.messages = deltas, None

    def stream_chat(self, messages, **_):
        self.messages = [m.content for m in messages]
        yield from (SimpleNamespace(delta=delta) for delta in self.deltas)


@pytest.fixture(scope="module")
def plain(sample_store):
    with open_engine(load_settings({}, store=str(sample_store))) as engine:
        yield engine


def asked(plain, context, question=QUESTION, count=estimate_tokens):
    llm = Recorder("资料未披露。")
    backend = Backend("m", lambda: Opened(llm, count), Limits(context=context))
    answer = Engine(plain.store, plain.embedder, backend).ask(question)
    return llm, answer, backend.limits


@pytest.mark.parametrize("context", [512, 640, 800, 1200, 8192])
@pytest.mark.parametrize("question", [QUESTION, QUESTION + "，请详细说明" * 300])
def test_the_request_fits_into_the_context(plain, context, question):
    llm, answer, limits = asked(plain, context, question)
    if llm.messages is None:
        assert context <= 640 and "放不下" in answer.model
        return
    assert sum(map(estimate_tokens, llm.messages)) + limits.answer <= context
    assert 1 <= answer.usage.evidence <= 10


def test_more_room_shows_more_evidence_best_first(plain):
    few, many = (asked(plain, context)[0].messages[1] for context in (1000, 8192))
    sources = [[line for line in user.splitlines() if line.startswith("[")] for user in (few, many)]
    assert len(sources[0]) < len(sources[1]) == 10
    assert sources[0][0] == sources[1][0]


def test_the_models_own_tokenizer_is_used_where_it_can_be_asked(plain):
    def dear(text):
        return 4 * len(text)

    llm, answer, limits = asked(plain, 4000, count=dear)
    assert sum(map(dear, llm.messages)) + limits.answer <= 4000 and answer.usage.evidence < 10

    def broken(text):
        raise OSError("gone")

    _, answer, _ = asked(plain, 4000, count=broken)
    assert "分词" in answer.model and answer.sentences


@pytest.mark.parametrize("encoding", ["cl100k_base", "o200k_base"])
def test_the_estimate_is_not_below_a_real_tokenizer(encoding):
    import importlib.util
    import os
    from pathlib import Path

    core = Path(importlib.util.find_spec("llama_index.core").origin).parent
    os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(core / "_static" / "tiktoken_cache"))
    import tiktoken

    tokenizer = tiktoken.get_encoding(encoding)
    folder = Path(__file__).resolve().parent.parent
    files = [
        *sorted((folder / "eval/suites/sample/corpus").glob("*.md")),
        folder / "README.md",
        folder / "README.zh-CN.md",
    ]
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert estimate_tokens(text) >= len(tokenizer.encode(text)), path.name


def test_text_is_shortened_to_a_budget():
    assert shortened("甲" * 100, 12, len) == "甲" * 12
    assert shortened("甲", 12, len) == "甲" and shortened("甲乙", 0, len) == ""


def test_a_short_completion_for_other_steps():
    llm = Recorder("<think>他问浙江</think>", "浙江的做法", "是什么\n")
    backend = Backend("m", lambda: Opened(llm))
    assert complete(backend, "改写问题。", "那浙江呢？", 5.0) == "浙江的做法是什么"
    assert llm.messages == ["改写问题。", "那浙江呢？"]
    with pytest.raises(LLMError, match="过长"):
        complete(Backend("m", lambda: Opened(Recorder(*["啊" * 1000] * 50))), "s", "u", 5.0)
