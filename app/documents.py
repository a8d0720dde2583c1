"""What is indexed, as plain JSON-ready records, and hits and answers written out for terminals."""

from pathlib import Path
from typing import Any

from app.render import unescape, visible
from app.settings import Settings
from app.types import Hit
from ingest.catalog import Entry
from ingest.errors import InputError
from ingest.regions import display
from ingest.store import open_store


def list_documents(settings: Settings) -> list[dict[str, Any]]:
    """All indexed documents, oldest first. Needs no model."""
    with open_store(settings.store) as store:
        return [_row(entry) for entry in store.catalog.entries()]


def show_document(settings: Settings, doc_id: str, with_text: bool) -> dict[str, Any]:
    """One document's record, with its cleaned text if wanted. Raises InputError for an unknown id."""
    with open_store(settings.store) as store:
        entry = store.catalog.entry(doc_id)
        document = store.catalog.document(doc_id)
    if entry is None or document is None:
        raise InputError(f"没有编号为 {doc_id} 的文档", "用 policyqa docs list 查看编号")
    return {**_row(entry), **({"text": document.text} if with_text else {})}


def remove_document(settings: Settings, doc_id: str) -> dict[str, Any]:
    """Take a document out of the index and return its record. The file itself stays. Raises InputError for an unknown id."""
    with open_store(settings.store) as store:
        known = store.catalog.entry(doc_id) is not None
    if not known:
        raise InputError(f"没有编号为 {doc_id} 的文档", "用 policyqa docs list 查看编号")
    with open_store(settings.store, writable=True) as store:
        entry = store.catalog.entry(doc_id)
        if entry is None:
            raise InputError(f"文档 {doc_id} 刚被另一进程移除")
        store.remove(doc_id)
        return _row(entry)


def _row(entry: Entry) -> dict[str, Any]:
    source = entry.source
    return {
        "doc_id": entry.id, "source": source.path, "title": source.title, "issuer": source.issuer,
        "doc_number": source.doc_number, "regions": [display(code) for code in source.regions], "date": source.issued,
        "effective": source.effective, "tier": source.tier, "chars": entry.chars, "chunks": entry.chunks,
        "sha256": entry.sha256, "added": entry.added, "repairs": list(source.repairs),
        "health": _health(entry), "exists": Path(entry.key).exists(),
    }  # fmt: skip


# What reading found wrong with a document; any of these makes it less than whole.
_DEFECTS = {
    "outline-only": "只有提纲，没有正文", "garbled": "文字层有乱码", "pages-without-text": "部分页面没有文字层",
    "pinyin-gloss-lossy": "修复乱码时有个别字无法恢复", "utf-8-replaced": "有无法解码的字节", "altchunk-unread": "嵌入的部分内容未能读取",
    "numbering-lost": "自动编号未能还原", "chart-not-read": "图表未读取", "html-without-trafilatura": "网页正文按密度提取",
}  # fmt: skip


def _health(entry: Entry) -> str:
    """Return "ok", or what is wrong with a document, in words."""
    found = [text for note, text in _DEFECTS.items() if note in entry.source.repairs]
    if entry.chars < 50:
        found.append("正文过短")
    return "；".join(found) or "ok"


def hit_to_json(rank: int, hit: Hit) -> dict[str, Any]:
    """One search hit as in DESIGN 3."""
    chunk = hit.chunk
    return {
        "rank": rank, "score": round(hit.score, 4), "doc_id": chunk.doc_id, "chunk_id": chunk.id, "source": hit.source.path,
        "title": hit.source.title, "page": chunk.page, "start": chunk.start, "end": chunk.end, "text": chunk.text,
        "regions": [display(code) for code in chunk.regions],
    }  # fmt: skip


def answer_as_text(answer: dict[str, Any]) -> str:
    """An answer for the terminal: the text, then its numbered sources, without signs that steer a terminal."""
    body = unescape(answer["answer"].replace("**", ""))
    lines = [body]
    if answer["citations"]:
        lines += ["", "引文："]
    for c in answer["citations"]:
        facts = "，".join(
            part
            for part in (c["issuer"], c["doc_number"], c["date"], c["tier"], f"第 {c['page']} 页" if c["page"] else "")
            if part
        )
        lines.append(f"[{c['id']}] {c['title']}（{facts}）{c['source']}:{c['start']}-{c['end']}\n    {c['quote']}")
    return visible("\n".join(lines))
