"""One conversation, and how a question runs through the engine: events in, HTML for both panes out. No Gradio."""

import logging
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from app.history.records import Rating
from app.history.replay import basis_of
from app.types import Answer, AnswerSentence, Language, Turn
from app.ui.actions import bar_html, edit_html, notes_html
from app.ui.cards import empty_html, pane_html
from app.ui.message import answer_html, error_html, progress_html, question_html
from app.ui.strings import DEFAULT_LANGUAGE, words
from ingest.errors import PolicyQAError

if TYPE_CHECKING:
    from app.engine import Engine
    from app.history.book import History
    from app.history.records import KeptExchange

# Each update sends the whole conversation to the browser, so older exchanges leave the page, newest kept.
MAX_EXCHANGES = 40
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what came of it. `reply` is the answer's Markdown, "" where there is none (error, stopped)."""

    number: int
    question: str
    message: str  # HTML for the chat
    cards: str = ""  # HTML for the source pane
    reply: str = ""
    kept: str = ""  # its replay id in the history, "" where none is kept
    rating: Rating = ""
    proposed: bool = False  # whether it has been written down as a test

    @property
    def key(self) -> str:
        """By which the browser names it: the replay id stays when a conversation is opened anew, the number may not."""
        return self.kept or str(self.number)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one browser tab has asked so far."""

    exchanges: tuple[Exchange, ...] = ()
    asked: int = 0  # questions so far; numbers the card ids, so it never goes back
    pending: str = ""  # the stopped form of the answer under way, "" where none is
    id: str = field(default_factory=lambda: f"c{secrets.token_hex(8)}")  # under which the history keeps it

    def turns(self) -> list[Turn]:
        """Earlier questions and answers, for the engine; failed ones are left out."""
        turns: list[Turn] = []
        for exchange in self.exchanges:
            if exchange.reply:
                turns += [Turn("user", exchange.question), Turn("assistant", exchange.reply)]
        return turns

    def messages(self, language: Language = DEFAULT_LANGUAGE) -> list[dict[str, str]]:
        """All messages in the form that gr.Chatbot takes, with what can be done to each; nothing while an answer is under way."""
        shown: list[dict[str, str]] = []
        for exchange in self.exchanges:
            at_rest, last = not self.pending, exchange is self.exchanges[-1]
            if exchange.question:
                edit = edit_html(exchange.key, language, at_rest)
                shown.append({"role": "user", "content": question_html(exchange.question) + edit})
            bar = bar_html(
                exchange.key, language, at_rest=at_rest, answered=bool(exchange.reply), kept=exchange.kept,
                again=last and bool(exchange.question), rating=exchange.rating, proposed=exchange.proposed,
            )  # fmt: skip
            shown.append({"role": "assistant", "content": exchange.message + ("" if last and self.pending else bar)})
        return shown

    def find(self, key: str) -> Exchange | None:
        """The exchange of this key, if the page still has it."""
        return next((e for e in self.exchanges if e.key == key), None)

    def cut(self, number: int) -> "Conversation":
        """Return the conversation as it was before that exchange; the count goes on."""
        return replace(self, exchanges=tuple(e for e in self.exchanges if e.number < number), pending="")

    def marked(self, number: int, rating: Rating, proposed: bool) -> "Conversation":
        """Return the conversation with what the reader thinks of one answer."""
        marked = (replace(e, rating=rating, proposed=proposed) if e.number == number else e for e in self.exchanges)
        return replace(self, exchanges=tuple(marked))

    def sources(self, language: Language) -> str:
        """Return the cards of every exchange; the page shows the last one, or the one that was clicked."""
        cards = "".join(e.cards for e in self.exchanges) or empty_html(language)
        # Which conversation a tab shows: connection.js remembers it, for the tab to come back to after a reload.
        return f'<div hidden data-conversation="{self.id}"></div>{cards}' if self.exchanges else cards

    def cleared(self) -> "Conversation":
        """Return a new conversation in the same tab."""
        return replace(self, exchanges=(), pending="", id=f"c{secrets.token_hex(8)}")

    @classmethod
    def reopened(
        cls, engine: "Engine", conversation: str, kept: "Sequence[KeptExchange]", language: Language
    ) -> "Conversation":
        """Return a conversation as the history has it; what was never answered says so."""
        now = cls(id=conversation)
        for exchange in kept[-MAX_EXCHANGES:]:
            turn, answer = now.asked + 1, exchange.answer
            now = now.opened(exchange.question, "", exchange.id)
            if answer is None:
                text = exchange.error or words(language, "unanswered")
                now = now.updated(error_html(language, text))
                continue
            documents = {c.doc_id: engine.document(c.doc_id) for c in answer.citations}
            shown = exchange.language or language
            cards = pane_html(turn, answer, documents, shown)
            message = answer_html(turn, answer, shown) + notes_html(answer, documents, shown)
            now = now.updated(message, cards, answer.text)
            now = now.marked(turn, exchange.rating, False)
        return now

    def stopped(self) -> "Conversation":
        """Return the conversation with the answer under way kept as far as it came."""
        if not self.pending or not self.exchanges:
            return replace(self, pending="")
        last = replace(self.exchanges[-1], message=self.pending)
        return replace(self, exchanges=(*self.exchanges[:-1], last), pending="")

    def opened(self, question: str, message: str, kept: str = "") -> "Conversation":
        """Return the conversation with one more question, its answer still to come."""
        earlier = self.exchanges[-(MAX_EXCHANGES - 1) :]
        newest = Exchange(self.asked + 1, question, message, kept=kept)
        return replace(self, exchanges=(*earlier, newest), asked=self.asked + 1)

    def updated(self, message: str, cards: str = "", reply: str = "", pending: str = "") -> "Conversation":
        """Return the conversation with its last answer changed."""
        last = replace(self.exchanges[-1], message=message, cards=cards, reply=reply)
        return replace(self, exchanges=(*self.exchanges[:-1], last), pending=pending)


def ask(
    engine: "Engine",
    conversation: Conversation,
    question: str,
    chosen: Language | None = None,
    book: "History | None" = None,
    instead: str = "",
) -> Iterator[Conversation]:
    """Run one question; yield the conversation at every stage and sentence and at the end. Errors become messages.

    `chosen` is the language that the user has set; until then an answer follows its question's language. `book` keeps
    the question as soon as it is asked, and what comes of it; where it cannot, answering goes on. A question asked
    `instead` of an earlier one, by its key, takes its place: what came after it leaves the conversation.
    """
    language = chosen or DEFAULT_LANGUAGE
    if not question.strip():
        notice = error_html(language, words(language, "empty_question"))
        repeated = conversation.exchanges and not conversation.exchanges[-1].question
        yield conversation.updated(notice) if repeated else conversation.opened("", notice)
        return
    replaced = conversation.find(instead)
    if replaced is not None:
        conversation = conversation.cut(replaced.number)
    history = conversation.turns()
    turn = conversation.asked + 1
    halted = progress_html(turn, "understand", (), language, stopped=True)
    kept = _begun(book, conversation.id, question, chosen, replaced.kept if replaced else "")
    now = conversation.opened(question, progress_html(turn, "understand", (), language), kept)
    now = replace(now, pending=halted)
    yield now
    try:
        yield from _answer(engine, now, question, history, chosen, book)
    except PolicyQAError as error:
        _failed(book, kept, error.message)
        yield now.updated(error_html(language, error.message, error.hint))
    except Exception:
        log.exception("a question could not be answered")
        _failed(book, kept, words(language, "internal_error"))
        yield now.updated(error_html(language, words(language, "internal_error")))


def _begun(book: "History | None", conversation: str, question: str, chosen: Language | None, instead: str) -> str:
    """Keep a question before it is answered; "" where nothing is kept."""
    try:
        return book.begin(conversation, question, chosen, instead) if book else ""
    except PolicyQAError as error:
        log.warning("the history did not take a question: %s", error)
        return ""


def _finished(book: "History | None", kept: str, engine: "Engine", answer: Answer) -> None:
    try:
        if book and kept:
            book.finish(kept, answer, basis_of(engine, answer))
    except PolicyQAError as error:
        log.warning("the history did not take an answer: %s", error)


def _failed(book: "History | None", kept: str, message: str) -> None:
    try:
        if book and kept:
            book.fail(kept, message)
    except PolicyQAError as error:
        log.warning("the history did not take an error: %s", error)


def _answer(
    engine: "Engine",
    now: Conversation,
    question: str,
    history: list[Turn],
    chosen: Language | None,
    book: "History | None",
) -> Iterator[Conversation]:
    language, turn = chosen or DEFAULT_LANGUAGE, now.asked
    stage, sentences = "understand", list[AnswerSentence]()
    for event in engine.stream(question, history, chosen):
        if isinstance(event, Answer):
            _finished(book, now.exchanges[-1].kept, engine, event)
            documents = {c.doc_id: engine.document(c.doc_id) for c in event.citations}
            cards = pane_html(turn, event, documents, language)
            message = answer_html(turn, event, language) + notes_html(event, documents, language)
            yield now.updated(message, cards, event.text)
            return
        if isinstance(event, AnswerSentence):
            sentences.append(event)
        else:
            stage = event.name
        halted = progress_html(turn, stage, sentences, language, stopped=True)
        yield now.updated(progress_html(turn, stage, sentences, language), pending=halted)
