"""Page furniture: what goes with it, what stays, and that no text makes it slow."""

import pytest

from ingest.text.furniture import strip_furniture

BODY = "到2027年，机架规模超过30万个。\n利用率达到65%，算力规模居全国前列，服务的企业超过1000家。"


@pytest.mark.parametrize(
    "frame",
    [
        "点击上方“算力观察”关注我们",
        "点击下方名片关注我们",
        "分享、点赞、在看",
        "—END—",
        "END",
        "长按识别二维码关注我们",
        "往期推荐\n某地机架突破99万个\n一文读懂智算中心",
        "往期回顾",
    ],
)
def test_frame_lines_of_a_wechat_article_go(frame: str) -> None:
    assert strip_furniture(f"{BODY}\n{frame}").rstrip() == BODY


@pytest.mark.parametrize(
    "line",
    [
        "点赞企业：12家",
        "分享经济规模达到3万亿元",
        "END 用户数2亿",
        "往期推荐企业名单（2024年）",
        "阅读量：以5万次为上限",
    ],
)
def test_lines_that_only_look_like_it_stay(line: str) -> None:
    assert strip_furniture(f"{BODY}\n{line}\n{BODY}").split("\n")[2] == line


@pytest.mark.parametrize(
    "text",
    [
        "首页 打印 关闭 " + " ".join(chr(0x4E00 + n) for n in range(950)) + " 大 中 小",
        "正文。浏览量：" + " " * 100_000 + "x",
        "x\n" * 20_000 + "相关新闻\n" * 5_000,
        " " * 200_000 + "END",
        "—" * 100_000,
        "分享到：" + " 微信" * 50_000 + "x",
        ("责任编辑：" + " " * 5_000 + "\n") * 20,
    ],
    ids=["tokens", "counter", "related", "spaces", "dashes", "share", "editor"],
)
def test_texts_that_once_took_minutes(text: str) -> None:
    assert len(strip_furniture(text)) <= len(text) + 2
