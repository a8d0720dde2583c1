"""Pages that are not the document: waiting screens, checks for humans, deleted articles, viewers of another file."""

import re
from typing import Any

from ingest.errors import UnreadableFileError
from ingest.formats.html_lines import Line

# (what the page says, what is the matter, what to do), the more telling first.
_IN_BROWSER = "请在浏览器中打开，等正文显示后另存为 PDF 或网页，再导入"
_SAYINGS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), reason, hint)
    for pattern, reason, hint in (
        (
            r"环境异常|完成验证后|验证码|安全验证|人机验证|滑动验证|访问验证|verify(?:ing)? (?:that )?you are (?:a )?human"
            r"|just a moment|checking (?:if the site|your browser)|captcha|access denied|访问(?:被拒绝|受限|过于频繁)",
            "网站要求先验证身份，没有给出正文", _IN_BROWSER,
        ),
        (
            r"(?:已被|已经?)(?:发布者|作者|原作者|系统)?(?:删除|下架|下线)|因违规无法查看|链接已(?:过期|失效)|公众号已迁移|账号已(?:注销|封禁|迁移)"
            r"|(?:页面|网页|文章|内容|文件)(?:不存在|已删除|未找到|找不到|走丢了)|(?:404|not found).{0,20}$|^(?:40[0-9]|50[0-9])\b"
            r"|(?:403 forbidden|502 bad gateway|internal server error)",
            "网页上没有这篇文章，可能已删除或地址有误", "请核对网址，或换一个来源",
        ),
        (
            r"(?:启用|开启|打开|支持|禁用|关闭).{0,8}java\s*script|java\s*script.{0,12}(?:启用|开启|打开|支持|禁用|关闭)"
            r"|enable.{0,10}javascript|javascript.{0,30}(?:enabled?|disabled|required)",
            "网页要靠脚本才能显示正文", _IN_BROWSER,
        ),
        (r"请(?:先)?(?:登录|登陆|扫码登录).{0,10}(?:查看|阅读|访问|继续|$)|登录后(?:查看|阅读)", "要登录后才能看到正文", _IN_BROWSER),
        (
            r"^(?:please wait|loading|加载中|正在(?:加载|跳转|打开)|请稍[候等后]|努力加载|页面(?:加载|跳转)中|数据加载中|载入中)",
            "网页还没有加载出正文", _IN_BROWSER,
        ),
    )
)  # fmt: skip
_PROSE = re.compile(r"[。；！？]|[.;!?](?:\s|$)")
_MAX_CHARS = 600  # of a page that only says why it is empty
_VIEWER = re.compile(r"viewer(?:container)?|pdf-?(?:viewer|container|canvas)|outerContainer", re.IGNORECASE)


def refuse_empty_page(root: Any, lines: list[Line]) -> None:
    """Raise UnreadableFileError, with the reason, for a page whose visible lines are no document.

    A short page is refused if a line says why there is nothing and no other line is a sentence; a page without any
    line if it is drawn by scripts or shows another file.
    """
    texts = [line.text for line in lines]
    if sum(map(len, texts)) > _MAX_CHARS:
        return
    said = [(text, saying) for text in texts if (saying := _saying(text))]
    others = [text for text in texts if text.startswith("|") or (_is_sentence(text) and not _saying(text))]
    if said and not others:
        _, reason, hint = min((saying for _, saying in said), key=_SAYINGS.index)
        raise UnreadableFileError(f"没有正文：{reason}", hint)
    if others or any(_PROSE.search(text) or len(text) >= 30 for text in texts):
        return
    shown = _shown_file(root)
    if shown:
        raise UnreadableFileError("没有正文：正文在网页嵌入的另一个文件里", f"请下载后导入该文件：{shown[:200]}")
    if any(_VIEWER.fullmatch(name) for name in root.xpath("//@id")[:500]):
        raise UnreadableFileError("没有正文：这是文件查看器的外壳，没有加载文件", "请下载查看器中的文件再导入")
    if not texts and next(root.iter("script", "noscript", "iframe", "frame"), None) is not None:
        raise UnreadableFileError("没有正文：网页要靠脚本才能显示正文", _IN_BROWSER)


def _is_sentence(text: str) -> bool:
    return len(text) >= 15 and _PROSE.search(text) is not None


def _saying(text: str) -> tuple[re.Pattern[str], str, str] | None:
    if len(text) > 120:
        return None
    plain = text.lstrip("# ")
    return next((saying for saying in _SAYINGS if saying[0].search(plain)), None)


def _shown_file(root: Any) -> str:
    """Return the address of a document that a page embeds, "" if none."""
    for element in root.iter("iframe", "embed", "object", "frame"):
        address = element.get("src") or element.get("data") or ""
        if re.search(r"\.(?:pdf|docx?|wps|ofd|xlsx?|pptx?)(?:$|[?#&])", address, re.IGNORECASE):
            return " ".join(address.split())
    return ""
