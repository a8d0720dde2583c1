"""A pack as Markdown."""

from app.pack.notes import Note, Pack, Section
from app.render import escape, visible


def as_markdown(pack: Pack) -> str:
    """Return the pack: each question with its answer, then the notes, then what is needed to run it again."""
    lines = [f"# {escape(pack.title)}", "", f"生成日期：{pack.made.isoformat()}", ""]
    for number, section in enumerate(pack.sections, 1):
        lines += _section(number, section)
    lines += ["## 注释", ""]
    for note in pack.notes:
        lines += _note(note)
    lines += ["## 复核信息", ""]
    for section in pack.sections:
        lines += _basis(section)
    return visible("\n".join(lines).rstrip() + "\n")


def _section(number: int, section: Section) -> list[str]:
    exchange = section.exchange
    head = [f"## {number}. {escape(exchange.question)}", ""]
    if exchange.answer is not None and exchange.answer.abstained:
        head += ["*资料没有直接回答这个问题，以下是最接近的内容。*", ""]
    return [*head, section.text, ""]


def _note(note: Note) -> list[str]:
    lines = [f"\\[{note.number}\\] {escape(note.reference)}", "", f"> {escape(note.quote)}", ""]
    return [*lines, escape(note.facts), ""]


def _basis(section: Section) -> list[str]:
    exchange, basis = section.exchange, section.exchange.basis
    model = exchange.answer.model if exchange.answer else ""
    worded = "原文摘录" if model.startswith("extractive") else f"大模型 {model}，逐句核验"
    parts = [
        f"复现编号 `{exchange.id}`（`policyqa history replay {exchange.id}`）", f"提问时间 {exchange.asked}", f"回答方式：{escape(worded)}",
        f"程序 {escape(str(basis.get('version', '')))}，处理流程 {escape(str(basis.get('pipeline', '')))}",
        f"向量模型 {escape(str(basis.get('model', '')))}", f"资料库指纹 {escape(str(basis.get('store', '')))}",
    ]  # fmt: skip
    return ["- " + "；".join(parts)]
