"""A candidate as a gold row: the format of a suite, `reviewed` false."""

import hashlib
from collections.abc import Sequence
from typing import Any

from eval.propose.material import Statement

Row = dict[str, Any]


def make_row(
    kind: str,
    question: str,
    statement: Statement | None = None,
    quote: str = "",
    facts: Sequence[dict[str, Any]] = (),
    answerable: bool = True,
    must_not: Sequence[str] = (),
) -> Row:
    """Return a row; its id comes from the question, so that the same candidate made twice is one."""
    identifier = f"gen-{hashlib.sha1(question.encode(), usedforsecurity=False).hexdigest()[:8]}"
    evidence = []
    if statement is not None:
        evidence = [{"source": statement.source, "quote": quote, "page": statement.page}]
    return {
        "id": identifier, "group_id": identifier, "variant": "canonical", "kind": kind, "question": question,
        "history": [], "answerable": answerable, "facts": [{"id": f"f{n}", **fact} for n, fact in enumerate(facts, 1)],
        "must_not": list(must_not), "evidence": evidence, "reviewed": False, "split": "dev",
    }  # fmt: skip


def text_fact(text: str, vital: bool = True) -> dict[str, Any]:
    """A fact that is stated by these words."""
    return {"vital": vital, "type": "text", "any": [text]}
