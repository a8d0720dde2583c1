"""What a user states of a document in the page's form, as the facts of a sidecar. What is left empty is found by the rules."""

from collections.abc import Callable, Mapping
from typing import Any

from ingest.collections import as_collection
from ingest.errors import InputError
from ingest.facts.dates import iso
from ingest.facts.doc_number import stated_number
from ingest.facts.fields import DOC_TYPES, VALIDITIES
from ingest.facts.regions import by_name, display, find_regions
from ingest.records import Entry
from ingest.types import TIERS

MAX_TYPED = 300  # characters of a field
TYPED = ("title", "issuer", "doc_number", "region", "date", "effective", "repealed", "collection")
STATED_COMMON = "公共"  # stated, as a document whose collection is not stated stays where it is
CHOSEN: Mapping[str, tuple[str, ...]] = {"tier": TIERS, "doc_type": DOC_TYPES, "validity": VALIDITIES}
FIELDS = (*TYPED, *CHOSEN)


def form_of(entry: Entry) -> dict[str, str]:
    """Return the form as it stands: what is known of a document, stated or found."""
    source = entry.source
    return {
        "title": source.title, "issuer": source.issuer, "doc_number": source.doc_number,
        "region": "、".join(display(code) for code in source.regions), "date": source.issued,
        "effective": source.effective, "repealed": source.repealed, "tier": source.tier, "doc_type": source.doc_type,
        "validity": source.validity, "collection": source.collection,
    }  # fmt: skip


def stated_in(form: Mapping[str, Any], before: Mapping[str, str], stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sidecar's facts after an edit: what it stated already, with the form's changes.

    `before` is the form as it was shown; a field that was emptied is no longer stated. Raises InputError for a date, a
    number, a region or a choice that is none.
    """
    facts = dict(stated)
    for field in FIELDS:
        value = " ".join(str(form.get(field) or "").split())[:MAX_TYPED]
        if value == before.get(field, ""):
            continue
        facts.pop(field, None)
        if field == "collection":
            facts[field] = as_collection(value) or STATED_COMMON
        elif value:
            facts[field] = _READ[field](value) if field in _READ else _choice(field, value)
    return facts


def _date(value: str) -> str:
    date = iso(value)
    if not date:
        raise InputError(f"日期无效：{value[:40]}", "写成 2025-03-01 或 2025年3月1日")
    return date


def _number(value: str) -> str:
    number = stated_number(value)
    if not number:
        raise InputError(f"文号无效：{value[:40]}", "例如 黔府发〔2025〕3号")
    return number


def _regions(value: str) -> list[str]:
    names = [name for name in value.replace("，", "、").replace(",", "、").replace(" ", "、").split("、") if name]
    for name in names:
        if by_name(name) is None and not find_regions(name):
            raise InputError(f"不认识的地区：{name[:40]}", "写省、市的名称，用顿号分开；全国性的写 全国")
    return names


def _choice(field: str, value: str) -> str:
    if value not in CHOSEN[field]:
        raise InputError(f"不认识的取值：{value[:40]}", "可用：" + "、".join(CHOSEN[field]))
    return value


_READ: Mapping[str, Callable[[str], Any]] = {
    "title": str, "issuer": str, "doc_number": _number, "region": _regions, "date": _date, "effective": _date,
    "repealed": _date,
}  # fmt: skip
