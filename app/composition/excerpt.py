"""A short verbatim span of a source sentence for a table cell, cut at clause borders only."""

import re

from app.types import Evidence

LONG = 90  # characters that a cell's excerpt may have
_BORDER = re.compile(r"[，,；;。！？!?：:]")
# A clause that only makes sense with what stands before it: conditions (…的), results, exceptions.
_DEPENDENT = re.compile(r"^(?:但|并|且|或|及|和|以及|从而|则|也|还|应当|不得|可以|除外|其中|使|让)")


def excerpt(evidence: Evidence, wanted: re.Pattern[str] | None = None, limit: int | None = None) -> str:
    """The part of a sentence that stands in a cell: from its start, at most LONG characters, cut behind a clause.

    It goes on until `wanted` has been said. Where that lies too far from the start, it begins with the clause that says
    it, unless that clause hangs on the one before. It is always a contiguous span of the sentence, never empty; no rule
    is parted from its exception. With `limit` it ends before the clause in which that offset lies; "" where nothing is left.
    """
    text = evidence.text
    if limit is not None and limit < len(text):
        before = [m.end() for m in _BORDER.finditer(text) if m.end() <= limit and not _inside_quotes(text, m.end())]
        kept = text[: before[-1]].rstrip("，,；;：: ") if before else ""
        return kept if len(kept) >= 8 and not kept.endswith("的") else ""
    if len(text) <= LONG:
        return text
    found = wanted.search(text) if wanted else None
    borders = [m.end() for m in _BORDER.finditer(text) if not _inside_quotes(text, m.end())] or [len(text)]
    if found is None or found.end() <= LONG:
        return _until(text, 0, max(found.end() if found else 0, 1), borders)
    starts = [b for b in borders if b <= found.start() and not _hangs(text, b)]
    return _until(text, max(starts, default=0), found.end(), borders)


def _until(text: str, start: int, least: int, borders: list[int]) -> str:
    """text[start:] up to the last border within LONG, at least up to the first border behind `least`."""
    behind = [b for b in borders if b >= least] or [len(text)]
    within = [b for b in behind if b - start <= LONG]
    end = within[-1] if within else behind[0]
    rest = re.split("[；;。]", text[end:])[0]
    if text[end - 1] not in "；;。" and ("除外" in rest or re.match(r"但|除", rest)):
        end += len(rest)  # what is excepted belongs to the rule
    return text[start:end].rstrip("，,；;：: ").strip()


def _hangs(text: str, border: int) -> bool:
    """Whether the clause behind a border needs the one before it."""
    before = text[:border].rstrip("，,；;")
    return bool(_DEPENDENT.match(text[border:])) or (
        text[border - 1] in "，," and before.endswith(("的", "后", "时", "前"))
    )


def _inside_quotes(text: str, at: int) -> bool:
    return any(text[:at].count(a) > text[:at].count(b) for a, b in ("“”", "《》", "（）", "「」"))
