"""A pack as a Word document (.docx): headings, answers with superscript note numbers that lead to their note, tables kept."""

import io
import re
from typing import Any

from app.pack.markdown import as_markdown
from app.pack.notes import Note, Pack, Section
from app.render import unescape, visible

# What app.render writes: bold, a marker, everything else is text (escaped signs are unescaped last).
_TOKEN = re.compile(r"(?<!\\)\*\*|(?<!\\)\[(\d{1,3})\]")
_RULE = re.compile(r"\|(?:\s*:?-+:?\s*\|)+\s*$")
# XML 1.0 cannot hold these; a document that does is repaired by Word or not opened at all.
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_word(pack: Pack) -> bytes:
    """Return the pack as a .docx file."""
    from docx import Document

    document = Document()
    _use_chinese_fonts(document)
    document.add_heading(_plain(pack.title), 0)
    document.add_paragraph(f"生成日期：{pack.made.isoformat()}")
    for number, section in enumerate(pack.sections, 1):
        _write_section(document, number, section)
    document.add_heading("注释", 1)
    for note in pack.notes:
        _write_note(document, note)
    document.add_heading("复核信息", 1)
    tail = as_markdown(pack).rpartition("## 复核信息")[2]
    for line in filter(None, tail.splitlines()):
        document.add_paragraph(_plain(line.removeprefix("- ").replace("`", "")), style="List Bullet")
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _write_section(document: Any, number: int, section: Section) -> None:
    exchange = section.exchange
    document.add_heading(_plain(f"{number}. {exchange.question}"), 1)
    if exchange.answer is not None and exchange.answer.abstained:
        document.add_paragraph("资料没有直接回答这个问题，以下是最接近的内容。").runs[0].italic = True
    rows: list[list[str]] = []
    for line in [*section.text.splitlines(), ""]:
        bare = line.strip()
        if bare.startswith("|"):
            if not _RULE.match(bare):
                rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", bare)[1:-1]])
            continue
        if rows:
            _write_table(document, rows)
            rows = []
        if bare:
            bullet = re.match(r"[-*•]\s+", bare)
            paragraph = document.add_paragraph(style="List Bullet" if bullet else None)
            _write_inline(paragraph, bare[bullet.end() :] if bullet else bare)


def _write_table(document: Any, rows: list[list[str]]) -> None:
    width = max(len(row) for row in rows)
    table = document.add_table(rows=0, cols=width, style="Table Grid")
    for row in rows:
        cells = table.add_row().cells
        for cell, text in zip(cells, row, strict=False):
            _write_inline(cell.paragraphs[0], text.replace("<br>", "\n"))


def _write_inline(paragraph: Any, text: str) -> None:
    bold, at = False, 0
    for token in _TOKEN.finditer(text):
        _run(paragraph, text[at : token.start()], bold)
        at = token.end()
        if token[1]:
            _link(paragraph, int(token[1]))
        else:
            bold = not bold
    _run(paragraph, text[at:], bold)


def _run(paragraph: Any, text: str, bold: bool) -> None:
    if text:
        paragraph.add_run(_plain(text)).bold = bold or None


def _link(paragraph: Any, number: int) -> None:
    """A superscript note number that leads to the note's bookmark."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    link = OxmlElement("w:hyperlink")
    link.set(qn("w:anchor"), f"note{number}")
    run = paragraph.add_run(f"[{number}]")
    run.font.superscript = True
    link.append(run._r)
    paragraph._p.append(link)


def _write_note(document: Any, note: Note) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    paragraph = document.add_paragraph()
    for name in ("w:bookmarkStart", "w:bookmarkEnd"):
        mark = OxmlElement(name)
        mark.set(qn("w:id"), str(note.number))
        if name.endswith("Start"):
            mark.set(qn("w:name"), f"note{note.number}")
        paragraph._p.append(mark)
    paragraph.add_run(_plain(f"[{note.number}] {note.reference}"))
    document.add_paragraph(_plain(note.quote), style="Quote")
    document.add_paragraph(_plain(note.facts))


def _use_chinese_fonts(document: Any) -> None:
    """Latin and Chinese fonts of Normal: without the East Asian one Word picks a Japanese or a missing font."""
    from docx.oxml.ns import qn

    for name in ("Normal", "Heading 1", "Title", "Quote"):
        style = document.styles[name]
        style.font.name = "Times New Roman"
        style.element.get_or_add_rPr().get_or_add_rFonts().set(
            qn("w:eastAsia"), "宋体" if name in {"Normal", "Quote"} else "黑体"
        )


def _plain(text: str) -> str:
    return _NOT_XML.sub("", visible(unescape(text)))
