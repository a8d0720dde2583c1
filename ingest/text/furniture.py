"""Page furniture in saved pages: menus, breadcrumbs, print and share buttons, site footers, platform disclaimers.

The rules are about patterns, not sites. A saved page begins or ends with a run of short tokens without sentence
punctuation; where such a run holds at least three words that only a page's frame has, the frame is cut out of it and
titles, dates, sources and all tokens with a number that is not the frame's own are kept.
"""

import re

_SENTENCE = re.compile(r"[。！？；，!?;]|、.*、")
_TOKEN = re.compile(r"\S+")
_DIGIT = re.compile(r"\d")
# Whole tokens or lines that belong to a page's frame wherever they stand alone.
_FRAME_WORD = re.compile(
    r"[【\[(（]?(?:设为首页|加入收藏|收藏本站|手机版|电脑版|PC版|移动版|繁体|繁体版|简体|简体版|繁體|English|EN|搜索|登录|注册|无障碍(?:阅读|浏览|版)?|"
    r"长者(?:助手|模式|版)|适老化(?:版)?|关怀版|网站首页|首页|网站地图|联系我们|关于我们|友情链接|网站声明|使用帮助|隐私声明|返回顶部|返回首页|回到顶部|"
    r"打印|打印本页|打印此页|我要打印|纠错|我要纠错|关闭|关闭窗口|关闭本页|分享|分享到|分享到：?|我要分享|收藏|下载|转发|字号|字体|大中小|"
    r"微信|微博|新浪微博|腾讯微博|QQ空间|朋友圈|学习强国|扫一扫|二维码|版权所有|点赞|在看|赞|阅读原文|正文|>|»|›|/|\||◆|©|A\+|A-|大|中|小)[】\])）：:]?"
)
# Tokens of a footer that carry numbers of their own: licence numbers, build stamps.
_FRAME_STAMP = re.compile(
    r"(?:.{0,6}ICP[备证].*|.{0,4}公网安备.*|网站标识码.*|publishdate:.*|Produced|By|CMS|Powered|Copyright.*|(?:主办|承办|协办|技术支持|运维)(?:单位)?[:：].*|"
    r"浏览(?:量|次数)[:：].*|阅读(?:量|次数)[:：].*|.*版权所有.*|本站支持IPv?6.*)",
    re.IGNORECASE,
)
_BUILD_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
_LOCATION = re.compile(r"(?:您?(?:现在|当前)?(?:所在)?的?(?:当前)?位置(?:是)?[:：])")
_KEEP = re.compile(
    r"(?:来源|信息来源|稿源|作者|发布(?:时间|日期|机构)|发文(?:机关|字号|日期)|成文日期|时间|日期|标题|文号|索引号|分类|主题词)"
    r"[:：]?"
)
_SITE_NAME = re.compile(r"[_|—-]{1,3}.{2,30}(?:网|办公室|政府|部|局|厅|委员会|平台|频道)")
_SEPARATORS = (">", "»", "›")
_HEAD_CHARS, _MAX_TOKEN, _MIN_FRAME, _MAX_GAP = 2_000, 80, 3, 8
_MAX_RELATED = 1_500  # fifteen titles and the blank lines between them

_FRAME_LINES = re.compile(
    r"(?m)^[ \t>*_-]*(?:"
    r"[【\[（(]?(?:打印|打印本页|打印此页|纠错|我要纠错|关闭|关闭窗口|关闭本页|返回顶部|回到顶部|返回首页|设为首页|加入收藏|无障碍阅读|网站地图|联系我们)[】\]）)]?"
    r"|(?:微信|用手机|请用微信)?扫一扫.{0,24}|长按(?:识别|扫描)?.{0,6}二维码.{0,16}|点击(?:上方|下方)?(?:蓝字|蓝色字|名片|卡片|“.{1,16}”).{0,16}关注.{0,8}"
    r"|(?:轻触)?阅读原文|继续滑动看下一个|向上滑动看下一个|预览时标签不可点|喜欢此内容的人还喜欢|在小说阅读器.{0,12}|微信公众号：?.{0,16}点击关注"
    r"|(?:点|求)?(?:分享|点赞|在看)(?:[、·，｜| ]*(?:点?(?:分享|收藏|点赞|在看|转发)))+[！!~～]*|[—–]{0,9}(?:END|The End)[-—–]{0,9}"
    r"|(?:分享|转发)(?:到|至)?[:：]?(?:[ \t]*(?:微信好友|微信|微博|新浪微博|朋友圈|QQ空间|QQ好友|QQ|复制链接))*"
    r"|字号[:：]?(?:[ \t]*[\[【]?(?:特大|大|中|小|默认|超大)[\]】]?){1,5}|(?:上|下)一篇[:：].{0,80}"
    r"|[（(【\[]?(?:责任)?编辑[:：][ \t]*+[^\n。，；]{1,24}"
    r"|【法宝引证码】.*|【(?:下载|打印|关闭)】(?:[ \t]*【.{2,6}】)*"
    r")[ \t]*$"
)
_DISCLAIMERS = re.compile(
    r"(?m)^[ \t*>_]*(?:特别声明|特別聲明|免责声明)[:：][ \t]*以上(?:内容|內容|文章)"
    r"[^\n]*(?:用户|用戶|作者|自媒体|平台|平臺)[^\n]*$"
    r"|^[ \t*>_]*Notice: The content above [^\n]*$"
)
_COUNTER = re.compile(
    r"(?m)(?<![ \t])[ \t]*+(?:浏览|阅读|点击)(?:量|次数|数)[:：][ \t]*+(?:-|\d{0,9}(?:[ \t]*+次)?)[ \t]*+$"
)
_ORIGINAL_LINK = re.compile(
    r"(?m)^[ \t]*(?:原文链接|原文地址|本文链接|网页链接|链接地址)[:：][ \t]*https?://\S+[ \t]*$"
)
_RELATED = re.compile(
    r"(?m)^#{0,4}[ \t]*(?:相关(?:新闻|链接|阅读|文章|报道|推荐|资讯|稿件)|推荐阅读|延伸阅读|热门推荐|猜你喜欢|往期(?:推荐|回顾|精彩|精选)"
    r"|更多(?:新闻|精彩|推荐))[:：]?[ \t]*$"
)


def strip_disclaimers(text: str) -> tuple[str, bool]:
    """Return (text without a self-media platform's disclaimer lines, whether there were any)."""
    stripped, count = _DISCLAIMERS.subn("", text)
    return stripped, count > 0


def strip_furniture(text: str) -> str:
    """Cut the page's frame off both ends of a text with LF line ends, and frame lines out of it."""
    text = _ORIGINAL_LINK.sub("", _FRAME_LINES.sub("", _COUNTER.sub("", text)))
    return _strip_related(_strip_tail(_strip_head(text)))


def _is_frame(token: str) -> bool:
    return bool(_FRAME_WORD.fullmatch(token) or _FRAME_STAMP.fullmatch(token) or _LOCATION.fullmatch(token))


def _strip_head(text: str) -> str:
    """Cut menus and breadcrumbs in front of the text."""
    run = []
    for token in _TOKEN.finditer(text, 0, _HEAD_CHARS):
        word = token.group()
        if not word.startswith("http") and (len(word) > _MAX_TOKEN or _SENTENCE.search(word)):
            break
        run.append(token)
    words = [token.group() for token in run]
    frames = [at for at, word in enumerate(words) if _is_frame(word)]
    if len({words[at] for at in frames}) < _MIN_FRAME and not _is_breadcrumb([words[at] for at in frames]):
        return text
    last = frames[-1]
    titles = [_site_title(words, at) for at in range(len(words))]
    if words[last] in _SEPARATORS and last + 1 < len(words) and _is_menu_item(words, last + 1, titles):
        last += 1  # the page's own place in the breadcrumb
    first = frames[0] - 1 if frames[0] and titles[frames[0] - 1] else frames[0]
    kept: list[str] = []
    for at in range(first, last + 1):
        if not _drops(words, at, {*words[:first], *kept}, titles):
            kept.append(words[at] + ("\n" if words[at] in titles[first:at] else " "))
    before = text[: run[first].start()].rstrip(" " if kept else " \n")
    after = text[run[last].end() :].lstrip(" \n")
    facts = "".join(kept).rstrip(" ")
    return f"{before}{facts}\n{after}"


def _is_breadcrumb(words: list[str]) -> bool:
    """首页 > 机关司局 > 科技司: two different words, one of them the separator, at least twice."""
    return any(word in _SEPARATORS for word in words) and len(words) >= _MIN_FRAME


def _site_title(words: list[str], at: int) -> str:
    """Return the title part of a "title_site" token where the page has that title as a token too, else ""."""
    titles = (word for word in words if 4 <= len(word) < len(words[at]) and words[at].startswith(word))
    return next((title for title in titles if _SITE_NAME.fullmatch(words[at], len(title))), "")


def _drops(words: list[str], at: int, seen: set[str], titles: list[str]) -> bool:
    """Tell whether a token between the first and the last frame word of the head goes with the frame."""
    word = words[at]
    stamp = _BUILD_TIME.fullmatch(word) and at > 0 and "publishdate" in words[at - 1]
    return bool(_is_frame(word) or stamp or titles[at] or word in seen) or _is_menu_item(words, at, titles)


def _is_menu_item(words: list[str], at: int, titles: list[str]) -> bool:
    """Tell a menu's own words (时政要闻, 互动服务) from facts: no number, no label, not what a label introduces."""
    word = words[at]
    labelled = at > 0 and _KEEP.fullmatch(words[at - 1])
    own_title = word in titles[:at]
    return len(word) <= 12 and not (_DIGIT.search(word) or _KEEP.match(word) or labelled or own_title or "《" in word)


def _strip_tail(text: str) -> str:
    """Cut a site's footer off the end: walk back over frame tokens, with few others between them."""
    tokens = list(_TOKEN.finditer(text, max(0, len(text) - _HEAD_CHARS)))
    cut = len(tokens)
    gap = count = 0
    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at].group()
        if _is_frame(token) or (_BUILD_TIME.fullmatch(token) and at and "publishdate" in tokens[at - 1].group()):
            cut, gap = at, 0
            count += 1
            continue
        gap += 1
        if gap > _MAX_GAP or len(token) > 40 or _SENTENCE.search(token) or _DIGIT.search(token):
            break
    if count < _MIN_FRAME:
        return text
    return text[: tokens[cut].start()].rstrip()


def _strip_related(text: str) -> str:
    """Cut a list of links to other pages off the end: its heading, then only short lines that are no sentences."""
    from_here = max(int(len(text) * 0.6), len(text) - _MAX_RELATED)
    headings = [found for found in _RELATED.finditer(text) if found.start() > from_here]
    for heading in headings:
        rest = [line for line in text[heading.end() :].split("\n") if line.strip()]
        if len(rest) <= 15 and all(len(line) <= 70 and not re.search(r"[。；]", line) for line in rest):
            return text[: heading.start()].rstrip() + "\n"
    return text
