"""An engine with scripted words, for tests of the page alone."""

import threading
import time
from dataclasses import dataclass, field, replace

import numpy as np

from app.engine import Stage
from app.originals import Origin
from app.types import Answer, AnswerSentence, Cell, Citation, CitedFigure, Comparison
from ingest.errors import InputError
from ingest.records import Entry
from ingest.types import Block, Document, Figure, Health, Source

TEXT = "第一句话在这里。平均利用率约65%，这是全国口径。最后一句话。"
START, END = TEXT.index("平均"), TEXT.index("最后")


def citation(number=1, **changes):
    fields = {
        "id": number, "doc_id": "d1", "source": "files/brief.md", "title": "算力简报", "issuer": "某局",
        "doc_number": "某发〔2025〕1号", "region": "贵州", "date": "2025-01-01", "tier": "统计", "page": 3,
        "start": START, "end": END, "quote": TEXT[START:END],
    }  # fmt: skip
    return Citation(**{**fields, **changes})


def document(text=TEXT, **source):
    known = {"path": "files/brief.md", "sha256": "0" * 64, "title": "算力简报"}
    return Document("d1", Source(**{**known, **source}), text, (Block("paragraph", 0, len(text), ("总体情况",)),))


def record(**changes):
    """A document's record as `docs list --json` gives it."""
    fields = {
        "doc_id": "d1", "source": "files/brief.md", "title": "算力简报", "issuer": "某局", "doc_number": "某发〔2025〕1号",
        "regions": ["贵州"], "date": "2025-01-01", "tier": "统计", "validity": "", "health": "ok", "flags": [],
        "same_as": "", "exists": True,
    }  # fmt: skip
    return {**fields, **changes}


def origin(file="/nowhere/brief.md", sha256="0" * 64, validity="", version="", key=""):
    """What the store knows of the file of d1."""
    source = Source(path="files/brief.md", sha256=sha256, title="算力简报")
    entry = Entry("d1", key or file, file, "v", 1, source, Health(), 1, len(TEXT), "2026-01-01", "", np.zeros(0))
    return Origin(entry, version, validity)


def compared(text="甘肃以绿色算力为重心。", cited=None):
    """A matrix of two regions and one aspect: one cell with a sentence and two figures, one with nothing; and a note."""
    facts = (("2024", "实际值", 8000.0, "8000P", 1), ("2027", "目标值", 20000.0, "2万P", 2))
    figures = tuple(
        CitedFigure(
            Figure(value, "P", wording, 0, 2, indicator="智能算力规模", scopes=("620000",), period=period, kind=kind), "甘肃", n
        )
        for period, kind, value, wording, n in facts
    )  # fmt: skip
    said = AnswerSentence(text, (1,))
    cited = cited or citation()
    return Comparison(
        ("甘肃", "青海"), ("目标与定位",), ((Cell((said,), figures), Cell()),), (("目标与定位", Cell((said,))),),
        (cited, replace(cited, id=2)),
    )  # fmt: skip


@dataclass
class FakeEngine:
    """Answers every question with its own words; 慢 waits for `gate`, 错 raises a known error, 坏 an unknown one."""

    text: str = "全国平均利用率约65%。"
    shown: Document = field(default_factory=document)
    cited: Citation = field(default_factory=citation)
    pause: float = 0.0
    seen: list = field(default_factory=list)
    narrowed: list = field(default_factory=list)  # collections of the callers that it was seen by
    row: dict = field(default_factory=lambda: record())
    kept: Origin = field(default_factory=lambda: origin())
    gate: threading.Event = field(default_factory=threading.Event)
    listeners: list = field(default_factory=list)

    def stream(self, question, history=(), language=None):
        self.seen.append((question, tuple(history), language))
        yield Stage("understand")
        if "错" in question:
            raise InputError("这个问题读不懂", "换一种问法")
        if "坏" in question:
            raise RuntimeError("secret detail")
        yield Stage("retrieve")
        sentence = AnswerSentence(self.text, (1,))
        yield sentence
        time.sleep(self.pause)
        if "慢" in question:
            self.gate.wait(30)
        yield Stage("verify")
        answer = {"en": "About 65% nationally. [1]"}.get(language or "", f"{self.text} [1]")
        yield Answer(question, answer, (sentence,), (self.cited,), timings_ms={"total": 120.0})

    def search(self, question, k=10, history=()):
        return []

    def document(self, doc_id):
        return self.shown if doc_id == "d1" else None

    def examples(self, language="zh"):
        return ["What is said of Guizhou?"] if language == "en" else ["贵州说了什么"]

    def origin(self, doc_id):
        return self.kept if doc_id == "d1" else None

    def regions(self):
        return ["620000", "630000", "CN"]

    def compare(self, regions, aspects, language="zh"):
        if "错" in aspects:
            raise InputError("这个问题读不懂", "换一种问法")
        if "坏" in aspects:
            raise RuntimeError("secret detail")
        return compared(self.text, self.cited)

    def hashes(self):
        return {"d1": "0" * 64}

    def seen_by(self, caller):
        self.narrowed.append(caller.collections)
        return self

    def collections_of(self, doc_ids):
        return dict.fromkeys(doc_ids, "")

    def documents(self):
        return [self.row]

    def describe(self):
        return {"model": "fake", "llm": "none", "documents": 1, "chunks": 1, "store": "/secret"}
