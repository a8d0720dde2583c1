"""Words of the document view and of the lost connection, merged into app.ui.strings. Those in PAGE_WORDS are said by scripts."""

from typing import Literal

SOURCE_WORDS: dict[Literal["zh", "en"], dict[str, str]] = {
    "zh": {
        "open_document": "看原文上下文",
        "open_web": "网上发布页",
        "open_file": "打开原件",
        "download_file": "下载原件",
        "original_changed": "原文件入库后有改动，不再提供；下面是入库时的文字。",
        "original_gone": "原文件已不在原处；下面是入库时的文字。",
        "sentence_moved": "这份资料在回答之后重新入库，被引的句子已不在原来的位置，所以没有标亮。",
        "view_mode": "显示方式",
        "view_text": "文字",
        "view_page": "原页图像",
        "more_before": "显示前文",
        "more_after": "显示后文",
        "page_of": "第 {page} 页，共 {pages} 页",
        "page_back": "上一页",
        "page_on": "下一页",
        "page_picture": "《{title}》第 {page} 页的图像",
        "place_unknown": "这句话在页面上的位置无法确定，所以没有标出来，请对照文字查找。",
        "place_goes_on": "这句话接到下一页。",
        "page_unreadable": "这一页无法显示，文件可能有改动或已损坏。",
        "not_indexed": "这份资料已不在库中。",
        "viewer_title": "原文",
        "viewer_close": "关闭",
        "viewer_previous": "上一处引用",
        "viewer_next": "下一处引用",
        "viewer_wide": "加宽",
        "viewer_narrow": "还原宽度",
        "viewer_position": "引用 {at}/{count}",
        "viewer_loading": "正在打开…",
        "viewer_failed": "打不开：服务没有响应。请确认服务在运行，然后重试。",
        "viewer_retry": "重试",
        "connection_title": "连接已断开",
        "connection_lost": "与服务的连接断开，正在自动重连。已提的问题和已有的回答都在对话记录里，重连后会接着显示。",
        "connection_lost_unkept": "与服务的连接断开，正在自动重连。对话记录没有开启，重连后页面会清空，请先复制需要的内容。",
    },
    "en": {
        "open_document": "Read in the document",
        "open_web": "As published on the web",
        "open_file": "Open the original",
        "download_file": "Download the original",
        "original_changed": "The file has changed since it was indexed, so it is not offered; below is the text as indexed.",
        "original_gone": "The file is no longer where it was; below is the text as indexed.",
        "sentence_moved": "This document was indexed again after the answer; the cited sentence is no longer at its place, "
        "so nothing is highlighted.",
        "view_mode": "Shown as",
        "view_text": "Text",
        "view_page": "Page image",
        "more_before": "Show earlier text",
        "more_after": "Show later text",
        "page_of": "page {page} of {pages}",
        "page_back": "Previous page",
        "page_on": "Next page",
        "page_picture": "Image of page {page} of “{title}”",
        "place_unknown": "Where this sentence stands on the page could not be told for certain, so it is not marked; "
        "please compare with the text.",
        "place_goes_on": "The sentence goes on over the page.",
        "page_unreadable": "This page cannot be shown; the file may have changed or be damaged.",
        "not_indexed": "This document is no longer indexed.",
        "viewer_title": "Source",
        "viewer_close": "Close",
        "viewer_previous": "Previous citation",
        "viewer_next": "Next citation",
        "viewer_wide": "Wider",
        "viewer_narrow": "Narrower",
        "viewer_position": "citation {at} of {count}",
        "viewer_loading": "Opening…",
        "viewer_failed": "Could not be opened: the server did not answer. Check that it is running, then try again.",
        "viewer_retry": "Try again",
        "connection_title": "Connection lost",
        "connection_lost": "The connection to the server was lost; reconnecting. Your questions and the answers so far are "
        "in the history and will be shown again.",
        "connection_lost_unkept": "The connection to the server was lost; reconnecting. History is off, so the page will "
        "start afresh: copy what you need first.",
    },
}
PAGE_WORDS = {
    language: {key: text for key, text in known.items() if key.startswith(("viewer_", "connection_"))}
    for language, known in SOURCE_WORDS.items()
}
