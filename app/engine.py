"""The engine: one store, one embedder, perhaps an LLM; questions in, verified answers out. Safe to share by threads."""

import contextlib
import datetime
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from app.access.caller import Caller
from app.asked import Clock, Listener
from app.comparison import as_comparison
from app.composition.compose import compose
from app.composition.draft import Claim, Draft
from app.composition.matrix import ask_rows, compose_row
from app.composition.passages import Passages
from app.documents import describe
from app.generation.backend import Backend
from app.generation.errors import LLMError
from app.generation.generate import Report, generate_claims, usage_of
from app.generation.messages import select_evidence
from app.generation.rewriting import llm_rewriter
from app.originals import Origin
from app.render import Numbering, checked, render, with_timings
from app.retrieval.evidence import rank_sentences
from app.retrieval.fuse import Fusion, adaptive
from app.retrieval.rerank import Reranker
from app.retrieval.retrieve import MAX_DOCUMENT_CHUNKS, retrieve
from app.retrieval.validity import validities
from app.types import Answer, AnswerSentence, Comparison, Evidence, Hit, Language, Query, Turn
from app.understanding.understand import understand
from ingest.embed import Embedder
from ingest.facts.regions import display
from ingest.prepare import Read, read_here
from ingest.records import Entry, FileRecord
from ingest.store import Store
from ingest.summary import Summary
from ingest.text.split import CHUNK_SIZE, ChunkSize
from ingest.types import Document

# Cosine of the bundled model between an English sentence and the Chinese one that it renders (docs/quality.md, "LLM").
NEAR_ENOUGH = 0.80
_HAN = re.compile(r"[㐀-鿿]")
_QUOTED = re.compile(r"“[^”]*”")
_FRAME_WORDS = 6  # words around a quotation that are no statement of their own: The source says: “…”
CHUNKS = 20  # chunks whose sentences are considered for an answer
PARTS = 32  # sets of collections for which an engine is kept ready
COMPARED = 60  # and for a cell of a matrix: the rules of a region must not crowd out what is said of it


@dataclass(frozen=True, slots=True)
class Stage:
    """A step that has begun, for showing progress."""

    name: Literal["understand", "retrieve", "answer", "verify"]


class Engine:
    """Answers questions from one store. Made by app.build.open_engine."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        backend: Backend | None = None,
        reranker: Reranker | None = None,
        fusion: Fusion = adaptive,
    ) -> None:
        self.store = store
        self.embedder = embedder
        self.backend = backend
        self.reranker = reranker
        self.fusion = fusion
        # SQLite and Chroma are used by one thread at a time; answering takes milliseconds.
        self._lock = threading.Lock()
        self._writer = threading.Lock()
        self._whole: Engine | None = None  # that this one shows a part of
        self._parts: OrderedDict[frozenset[str], Engine] = OrderedDict()
        self.listeners: list[Listener] = []  # told of every question and every ingestion

    def seen_by(self, caller: Caller) -> "Engine":
        """The engine with the documents that a caller may read and no other; itself for a caller who may read all.

        Such an engine only reads. Its answers are those of a store that never held the rest.
        """
        whole = self._whole or self
        if caller.collections is None:
            return whole
        with whole._lock:
            part = whole._parts.get(caller.collections)
            if part is None:
                store = whole.store.seen_by(caller.collections)
                part = Engine(store, whole.embedder, whole.backend, whole.reranker, whole.fusion)
                part._lock, part._writer, part._whole = whole._lock, whole._writer, whole
                part.listeners = whole.listeners
                whole._parts[caller.collections] = part
            whole._parts.move_to_end(caller.collections)
            while len(whole._parts) > PARTS:  # who is using it keeps it open
                whole._parts.popitem(last=False)
        return part

    def search(self, question: str, k: int = 10, history: Sequence[Turn] = ()) -> list[Hit]:
        """The k best chunks for a question, best first."""
        with self._lock, self.store.one_state():
            query = understand(question, history, self._known_regions(), titles=self.store.catalog.titles())
            return list(retrieve(query, self.store, self.embedder, k, self.reranker, self.fusion).hits)

    def ask(self, question: str, history: Sequence[Turn] = (), language: Language | None = None) -> Answer:
        """Answer a question. Raises InputError for a question that cannot be read."""
        for event in self.stream(question, history, language):
            if isinstance(event, Answer):
                return event
        raise AssertionError("a stream ends with its answer")

    def stream(
        self, question: str, history: Sequence[Turn] = (), language: Language | None = None
    ) -> Iterator[Stage | AnswerSentence | Answer]:
        """Stages as they begin, checked sentences as they are ready, and the Answer last."""
        clock, answer, error = Clock(), None, "left"
        told = [listener.asking() for listener in self.listeners]
        try:
            answer = yield from self._answered(question, history, language, clock)
            error = ""
        except Exception as failed:
            error = type(failed).__name__
            raise
        finally:
            for tell in told:
                tell(clock.ended(question, answer, error))
        yield answer

    def _answered(
        self, question: str, history: Sequence[Turn], language: Language | None, clock: Clock
    ) -> Generator[Stage | AnswerSentence, None, Answer]:
        yield Stage("understand")
        with self._lock:
            known, titles = self._known_regions(), self.store.catalog.titles()
        # Outside the lock: a model that rewrites a follow-up may take seconds.
        rewriter = llm_rewriter(self.backend) if self.backend is not None and history else None
        query = understand(question, history, known, language, titles=titles, rewriter=rewriter)
        clock.lap("understand")
        yield Stage("retrieve")
        with self._lock, self.store.one_state():
            wanted = MAX_DOCUMENT_CHUNKS if query.article else CHUNKS
            found = retrieve(query, self.store, self.embedder, wanted, self.reranker, self.fusion)
            clock.lap("retrieve")
            ranked = rank_sentences(query, found)
            clock.lap("rerank")
            draft = compose(query, found, ranked, self._known_regions(), Passages(self._around))
            clock.lap("answer", "compose")
        yield Stage("answer")
        if self.backend is not None and not _is_silent(draft):
            answer = yield from self._generated(self.backend, query, draft, ranked, clock)
        else:
            clock.lap("answer", "")
            yield Stage("verify")
            answer = render(query, draft)
            clock.lap("verify")
            yield from answer.sentences
            answer = with_timings(answer, clock.times(), "extractive")
        return answer

    def _generated(
        self, backend: Backend, query: Query, draft: Draft, ranked: Sequence[Evidence], clock: Clock
    ) -> Generator[AnswerSentence | Stage, None, Answer]:
        """The LLM's checked sentences; what the rules know to be undisclosed is said first and by rule."""
        fixed = draft.claims[:1] if draft.abstained else []
        kept, numbering, report = list(fixed), Numbering(query.language), Report()
        for claim in fixed:
            if (sentence := checked(query, claim, numbering)) is not None:
                yield sentence
        evidence, note = select_evidence(draft.claims, ranked), ""
        try:
            for claim in generate_claims(
                backend, query, evidence, report, self._supports, bool(draft.claims) and not draft.abstained
            ):
                if (sentence := checked(query, claim, numbering)) is not None:
                    kept.append(claim)
                    yield sentence
        except LLMError as error:
            note, kept = f"extractive (LLM failed: {error.message})", list(fixed)
            clock.model = "failed"
        clock.lap("answer", "generate")
        clock.model = clock.model or ("used" if len(kept) > len(fixed) else "refused")
        yield Stage("verify")
        if len(kept) > len(fixed):
            note = backend.name + (f" (dropped {report.dropped_count})" if report.dropped_count else "")
            rest = left_over(query, draft, kept)
            yield from (s for claim in rest if (s := checked(query, claim, numbering)) is not None)
            draft = replace(draft, claims=[*kept, *rest])
        answer = render(query, draft)
        clock.lap("verify")
        note = note or f"extractive ({backend.name}: nothing passed the checks)"
        answer = replace(answer, dropped=tuple(report.dropped), usage=usage_of(backend, report))
        return with_timings(answer, clock.times(), note)

    def _around(self, hit: Hit, before: int, after: int) -> list[Hit]:
        """The chunks around a hit in its document, itself included, in reading order."""
        ids = self.store.catalog.neighbours(hit.chunk.doc_id)
        at = ids.index(hit.chunk.id)
        ids = ids[max(0, at - before) : at + after + 1]
        rows = self.store.catalog.chunks(ids)
        return [replace(hit, chunk=rows[i][0], sentence_vectors=rows[i][1]) for i in ids]

    def _supports(self, text: str, cited: Sequence[Evidence]) -> bool:
        """Whether a sentence in another script than its sources is near to them in meaning."""
        own = _QUOTED.sub(" ", text)
        if _HAN.search(own) or not any(_HAN.search(e.text) for e in cited):
            return True
        if own != text and len(own.split()) <= _FRAME_WORDS:
            return True
        with self._lock:
            said, *sources = self.embedder.embed_passages([own, *(e.text for e in cited)])
        return max(float(said @ source) for source in sources) >= NEAR_ENOUGH

    def compare(self, regions: Sequence[str], aspects: Sequence[str], language: Language = "zh") -> Comparison:
        """The matrix of regions (codes) by aspects (keys of facets.ASPECTS, or free words), each looked up by itself.

        Raises InputError where nothing is chosen, or more than app.composition.matrix allows.
        """
        rows = []
        for row in ask_rows(regions, aspects, language):
            found, ranked = [], dict[tuple[str, int, int], Evidence]()
            for part in row.parts():
                with self._lock, self.store.one_state():
                    found.append(retrieve(part, self.store, self.embedder, COMPARED, self.reranker, self.fusion))
                for evidence in rank_sentences(part, found[-1]):
                    ranked.setdefault(evidence.key, evidence)
            best_first = sorted(ranked.values(), key=lambda e: -e.score)
            rows.append((row, compose_row(row, found[0], best_first)))
        return as_comparison(rows, language)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Store]:
        """Give a store to write to, one writer at a time. Raises StoreError where another process has it.

        An engine that was opened for reading goes on answering meanwhile; a question waits for one commit at most.
        """
        with self._writer:
            if self.store.writable:  # one connection, so one thread
                with self._lock:
                    yield self.store
                return
            with self.store.writing(self._lock) as store:
                yield store

    def ingest(
        self,
        paths: Sequence[str],
        prune: bool = False,
        on_progress: Callable[[int, int, str], None] | None = None,
        read: Read = read_here,
        allow_private: bool = False,
        anew: bool = False,
        on_embedded: Callable[[int, int], None] | None = None,
        collection: str | None = None,
        size: ChunkSize = CHUNK_SIZE,
        crossing: bool = True,
        base: Path | None = None,
    ) -> Summary:
        """Bring the store up to date with files and web pages, as ingest.pipeline.ingest_paths does. Raises as `writing` does."""
        from ingest.pipeline import ingest_paths  # a tenth of a second that an answer does not pay

        with self.writing() as store:
            summary = ingest_paths(
                paths,
                store,
                self.embedder,
                prune,
                on_progress,
                read,
                allow_private,
                anew,
                on_embedded,
                collection,
                size,
                crossing,
                base,
            )
        for listener in self.listeners:
            listener.ingested(summary)
        return summary

    def document(self, doc_id: str) -> Document | None:
        """One document with its cleaned text."""
        with self._lock, self.store.one_state():
            return self.store.catalog.document(doc_id)

    def origin(self, doc_id: str) -> Origin | None:
        """A document's record with the version of its file and its validity today; None where it is not indexed."""
        with self._lock, self.store.one_state():
            catalog = self.store.catalog
            entry = catalog.entry(doc_id)
            if entry is None:
                return None
            record = catalog.files().get(entry.file) if entry.file != entry.key else None
            validity = validities(catalog, {doc_id: entry.source}, datetime.date.today()).get(doc_id, "")
        return Origin(entry, record.version if record else "", validity)

    def examples(self, language: Language = "zh") -> list[str]:
        """Questions that the indexed documents suggest: their regions with what each text measures or plans."""
        places = [code for code in self.regions() if code.isdigit()][:4]
        names = [display(code, language) for code in places]
        if language == "en":
            return [f"What is {name}'s strategy for AI?" for name in names[:3]] + (
                [f"Compare {names[0]} and {names[1]}"] if len(names) > 1 else []
            )
        return [f"{name}的人工智能布局有什么特点" for name in names[:3]] + (
            [f"比较{names[0]}和{names[1]}的路线"] if len(names) > 1 else []
        )

    def regions(self) -> list[str]:
        """Codes of the places that the documents speak of, those with most text first."""
        with self._lock, self.store.one_state():
            counts = self.store.catalog.region_counts()
        return sorted(counts, key=lambda code: -counts[code])

    def documents(self) -> list[dict[str, Any]]:
        """The records of all documents, as `docs list --json` gives them."""
        return describe(self.entries())

    def entries(self) -> list[Entry]:
        """All documents without their texts, oldest first."""
        with self._lock, self.store.one_state():
            return self.store.catalog.entries()

    def files(self) -> dict[str, FileRecord]:
        """Files of many documents by their key."""
        with self._lock, self.store.one_state():
            return self.store.catalog.files()

    def entry(self, doc_id: str) -> Entry | None:
        """One document without its text."""
        with self._lock, self.store.one_state():
            return self.store.catalog.entry(doc_id)

    def hashes(self) -> dict[str, str]:
        """sha256 of every indexed document's file, by document id."""
        with self._lock, self.store.one_state():
            return self.store.catalog.hashes()

    def collections_of(self, doc_ids: Iterable[str]) -> dict[str, str]:
        """The collection of each of some documents, whoever may read it; those that are not indexed are left out."""
        whole = (self._whole or self).store
        with self._lock, whole.one_state():
            sources = whole.catalog.sources(doc_ids)
        return {doc_id: source.collection for doc_id, source in sources.items()}

    def describe(self) -> dict[str, Any]:
        """Model, LLM and size of the store."""
        with self._lock, self.store.one_state():
            documents, chunks = self.store.catalog.count()
        return {
            "model": self.embedder.name, "llm": self.backend.name if self.backend else "none", "documents": documents, "chunks": chunks,
            "store": self.store.name,
        }  # fmt: skip

    def _known_regions(self) -> frozenset[str]:
        return frozenset(self.store.catalog.region_counts())


def left_over(query: Query, draft: Draft, kept: Sequence[Claim]) -> list[Claim]:
    """What the rules had found and a model's sentences do not replace.

    One sentence of a model's is no reason to say less where the question stays open, and a comparison or a list must not
    lose a side or an item; elsewhere the model's own selection stands.
    """
    fixed = 1 if draft.abstained else 0
    if not (query.kind in {"compare", "list"} or (draft.abstained and len(kept) < fixed + 2)):
        return []
    said = {e.key for claim in kept for e in claim.evidence}
    return [
        c for c in draft.claims[fixed:]
        if c.cell or not c.evidence or any(e.key not in said for e in c.evidence)  # a table keeps all of its cells
    ]  # fmt: skip


def _is_silent(draft: Draft) -> bool:
    """Whether there is nothing that a model could say: no document, or no evidence at all."""
    return draft.abstained and not draft.claims
