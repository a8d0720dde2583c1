"""Layouts that hold most Chinese policy pages: where the article is, and the facts that the layout states around it.

WeChat articles (mp.weixin.qq.com), NetEase (163.com, its self-media accounts too), and the publishing systems of
government sites (gov.cn's UCAP, TRS). Each rule names what marks the layout, so another page is never read by it.
"""

import datetime
import re
from typing import Any

from ingest.formats.html_rows import SPACES

# What holds the article, the surest mark first. A class may occur several times in a page, see article_element.
_IDS = ("js_content", "UCAP-CONTENT", "endText", "zoom", "Zoom")
_CLASSES = (
    "rich_media_content",
    "post_body",
    "post_text",
    "pages_content",
    "TRS_UEDITOR",
    "trs_editor_view",
    "TRS_Editor",
)
_MIN_CHARS = 40
_BEIJING = datetime.timezone(datetime.timedelta(hours=8))
_SCRIPT_STAMP = re.compile(r"\b(?:ct|oriCreateTime|create_timestamp|svr_time_create)\s*[=:]\s*[\"']?(1[0-9]{9})\b")
_SCRIPT_BODY = re.compile(r"\bcontent_noencode\s*:\s*JsDecode\(\s*'((?:[^'\\]|\\.){40,2000000}+)'")
_JS_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SCRIPT_DAY = re.compile(
    r"\b(?:publish_time|createTime|create_time)\s*[=:]\s*(?:JsDecode\()?[\"']((?:20)[0-9]{2}-[0-9]{1,2}-[0-9]{1,2})"
)
_SCRIPT_NAME = re.compile(r"\bnickname\s*[=:]\s*+(?:htmlDecode|JsDecode)?(?:\(\s*+)?[\"']([^\"'\\<>]{1,40})[\"']")
_SCRIPT_LINK = re.compile(r"\bmsg_link\s*=\s*[\"'](https?://[^\"'\\\s]{1,500})[\"']")
_DAY = re.compile(r"20[0-9]{2}[-年/.][0-9]{1,2}[-月/.][0-9]{1,2}日?(?:\s+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?")
_SOURCE = re.compile(r"来源[:：丨|]\s*([^\s|丨]{2,30})")
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d{1,5}\)\s*(https?://[^\s>]{1,1000}?)\s*-->")


def article_element(root: Any) -> Any:
    """Return the element that holds the article of a page in a known layout, None elsewhere.

    Where a class marks several elements, it is the largest, if the others are small beside it.
    """
    for name in _IDS:
        found = root.xpath("//*[@id=$name]", name=name)
        if found and _length(found[0]) >= _MIN_CHARS:
            return found[0]
    for name in _CLASSES:
        marked = _with_class(root, name)
        if not marked or len(marked) > 50:
            continue
        outer = [element for element in marked if not any(around in marked for around in element.iterancestors())]
        sizes = [_length(element) for element in outer]
        largest = max(sizes)
        if largest >= _MIN_CHARS and sum(sizes) < 1.5 * largest:
            return outer[sizes.index(largest)]
    return None


def site_facts(root: Any, html: str) -> dict[str, str]:
    """Return what the layout states around the article: title, date, source, publisher, author, url; absent if not."""
    facts = _wechat(root) if _is_wechat(root) else _netease(root)
    for link in root.xpath("//link[@rel='canonical']/@href")[:1]:
        facts.setdefault("url", link.strip())
    saved = _SAVED_FROM.search(html, 0, 4_000)
    if saved:
        facts.setdefault("url", saved[1])
    if not re.match(r"https?://\S+$", facts.get("url", "")):
        facts.pop("url", None)
    return {name: value for name, value in facts.items() if value}


def article_in_script(html: str) -> str:
    """Return the article's HTML where a WeChat page holds it in a script alone (articles of pictures), "" elsewhere."""
    if "content_noencode" not in html or "mp.weixin.qq.com" not in html:
        return ""
    found = _SCRIPT_BODY.search(html)
    return _JS_ESCAPE.sub(_unescaped, found[1]) if found else ""


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else {"n": "\n", "t": "\t", "r": ""}.get(match[3], match[3])


def _is_wechat(root: Any) -> bool:
    return bool(root.xpath("//*[@id='js_content' or @id='js_article' or @id='js_name' or @id='activity-name']"))


def _wechat(root: Any) -> dict[str, str]:
    scripts = "\n".join(script.text or "" for script in root.iter("script"))[:3_000_000]
    name = _SCRIPT_NAME.search(scripts)
    shown = _text(root, "//*[@id='js_name']") or _text(root, "//*[contains(@class, 'wx_follow_nickname')]")
    link = _SCRIPT_LINK.search(scripts)
    return {
        "title": _text(root, "//*[@id='activity-name']"),
        "publisher": shown or (name[1] if name else ""),
        "date": _wechat_date(scripts) or _day(_text(root, "//*[@id='publish_time']")),
        "author": _text(root, "//*[@id='js_author_name']"),
        **({"url": link[1]} if link else {}),
    }


def _wechat_date(scripts: str) -> str:
    stamp = _SCRIPT_STAMP.search(scripts)
    if stamp:
        return datetime.datetime.fromtimestamp(int(stamp[1]), _BEIJING).date().isoformat()
    day = _SCRIPT_DAY.search(scripts)
    return day[1] if day else ""


def _netease(root: Any) -> dict[str, str]:
    information = ""
    for name in ("post_info", "post_time_source"):
        for element in _with_class(root, name)[:1]:
            information = SPACES.sub(" ", "".join(element.itertext())).replace("\u3000", " ")
    if not information:
        return {}
    source = _SOURCE.search(information)
    titles = [*_with_class(root, "post_title"), *root.xpath("//*[@id='epContentLeft']//h1")]
    accounts = _with_class(root, "post_wemedia_name")
    return {
        "title": _joined(titles[0]) if titles else "",
        "date": _day(information),
        "source": source[1] if source else "",
        "publisher": _joined(accounts[0]) if accounts else "",
    }


def _with_class(root: Any, name: str) -> list[Any]:
    found = root.xpath("//*[contains(concat(' ', normalize-space(@class), ' '), $name)]", name=f" {name} ")
    return list(found)


def _length(element: Any) -> int:
    """Count the characters of running text, without scripts, styles and blanks."""
    count = 0
    for inner in element.iter():
        if inner.tag not in ("script", "style", "noscript") and inner.text:
            count += len(inner.text.strip())
        if inner is not element and inner.tail:
            count += len(inner.tail.strip())
    return count


def _text(root: Any, path: str) -> str:
    found = root.xpath(path)
    return _joined(found[0]) if found else ""


def _joined(element: Any) -> str:
    return SPACES.sub(" ", "".join(element.itertext())).strip()[:200]


def _day(text: str) -> str:
    found = _DAY.search(text)
    return found[0] if found else ""
