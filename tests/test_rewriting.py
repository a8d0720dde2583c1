"""A model's rewriting of a follow-up: taken where it keeps to the conversation, and never otherwise."""

import time
from types import SimpleNamespace

import pytest

from app.generation.backend import Backend, Limits, Opened
from app.generation.rewriting import keeps_to, llm_rewriter, plain_line
from app.types import Turn
from app.understanding.rewrite import stand_alone
from app.understanding.understand import understand

ASKED = "贵州2024年的算力利用率是多少"
HISTORY = (Turn("user", ASKED), Turn("assistant", "上海为99%。"))


class Model:
    """Answers every prompt with the same words."""

    def __init__(self, words="", delay=0.0, error=None):
        self.words, self.delay, self.error, self.prompts = words, delay, error, []

    def stream_chat(self, messages, **_):
        self.prompts.append(messages[-1].content)
        time.sleep(self.delay)
        if self.error:
            raise self.error
        yield SimpleNamespace(delta=self.words, raw=None, additional_kwargs={})


def rewritten(model, question="那浙江呢", timeout=5.0):
    backend = Backend("fake", lambda: Opened(model), Limits(total=timeout, retries=0))
    return understand(question, HISTORY, rewriter=llm_rewriter(backend)).text


def test_a_rewriting_within_the_conversation_is_taken():
    model = Model("改写后的问题：“浙江2024年的算力利用率高不高？”")
    assert rewritten(model) == "浙江2024年的算力利用率高不高?"
    assert ASKED in model.prompts[0] and "上海" not in model.prompts[0]  # answers are no source


@pytest.mark.parametrize(
    "words",
    [
        "",
        "广东2024年的算力利用率是多少",  # another region
        "浙江的算力利用率是多少",  # the year is lost
        "浙江2023年的算力利用率是多少",  # another year
        "浙江2024年的算力利用率是65%吗",  # a number from nowhere
        "《浙江办法》2024年的算力利用率是多少",
        "浙江2024年算力发展取得显著成效，企业积极投身数字经济浪潮",  # an answer
        "What is Zhejiang's utilization rate in 2024?",
        "浙江2024年的算力利用率" * 30,
    ],
)
def test_any_other_falls_back_to_the_rules(words):
    assert rewritten(Model(words)) == stand_alone("那浙江呢", HISTORY) == "浙江2024年的算力利用率是多少"


def test_a_model_that_fails_or_is_slow_is_not_waited_for():
    began = time.perf_counter()
    assert rewritten(Model(error=RuntimeError("down"))) == "浙江2024年的算力利用率是多少"
    assert rewritten(Model("浙江2024年的算力利用率", delay=3.0), timeout=0.1) == "浙江2024年的算力利用率是多少"
    assert time.perf_counter() - began < 3.0


def test_a_question_that_says_what_it_is_about_is_not_sent():
    model = Model("贵州")
    question = "个人信息处理者在向境外提供个人信息以前应当怎样评估其影响，报告要保存多久"
    assert rewritten(model, question) == question.replace("，", ",") and model.prompts == []


def test_the_first_line_with_words_is_the_rewriting():
    assert plain_line("\n\n问题：「浙江的路线」\n解释：略") == "浙江的路线"
    assert not keeps_to("", "浙江的路线", ["浙江的路线"])
