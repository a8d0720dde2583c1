"""The pinyin-gloss repair on the page that showed it, on corruption made here, and on clean text."""

import re
from pathlib import Path

import pytest
from gloss import corrupt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.text.repair import is_glossed, is_traditional, repair, to_simplified

TONED = re.compile("[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ]")
GLOSSED_WORDS = """
    業yè 產chǎn 數shù 發fā 據jù 場chǎng 區qū 規guī 務wù 術shù 優yōu 來lái
    勢shì 現xiàn 實shí 進jìn 過guò 統tǒng 沒méi 個gè 關guān 質zhì 內nèi 動dòng
    機jī 競jìng 爭zhēng 臺tái 點diǎn 應yīng 萬wàn 對duì 國guó 誰shuí 儲chǔ 設shè
    會huì 險xiǎn 號hào 構gòu 網wǎng 轉zhuǎn 計jì 達dá 當dāng 驗yàn 訓xùn 們men
"""
GLOSSED = tuple((word[0], word[1:]) for word in GLOSSED_WORDS.split())
TEXTS = (
    "贵州规划机架数超30万个,这并不意味着利用率高。当地AI企业数量不足广东的1/8,因为没有产业链支撑,数据中心闲置。"
    "谁来为这些设备买单?随着文化产业发展,著名企业(包括外资企业)也进来了。",
    "某省发布行动方案,提出到2027年算力规模达到120EFLOPS,培育50家骨干企业。积极对接东部场景需求,实现数据要素流通。"
    "对于机制创新,各区应当着手开展实验,显著提升服务质量。",
    "我们现在的问题是没有应用场景,不是缺少算力。国内统计数据表明,平台企业的竞争优势来自数据质量,而非机器数量。",
)


def test_the_seed_page_comes_out_clean(corpus_dir: Path) -> None:
    text = (corpus_dir / "000_seed_article_pinyin_corrupted.txt").read_text(encoding="utf-8")
    assert is_glossed(text)
    repaired, names = repair(text)
    assert names == ("pinyin-gloss", "traditional-to-simplified")
    assert not TONED.search(repaired)
    assert [char for char in set(repaired) if not char.encode("gb2312", "ignore")] == []
    for sentence in (
        "但现实是,当地AI企业数量不足广东的1/8,人才储备也严重不足。",
        "也很难留住,因为没有产业链支撑人才发展。",
        "而是积极对接东部场景需求,发展算力外包+行业解决方案。",
        "也只是“沉睡的资产”。",
        "2025年国内数据中心平均利用率约65%。服务器嗡嗡作响,却没多少实际应用场景。",
        "各地的AI产业政策有着惊人的默契。",
        "但这并不意味着所有参与者都能分一杯羹。",
        "谁投的钱更多,不是AI产业的赢家标配,要素匹配才是关键。",
    ):
        assert sentence in repaired
    assert "(如有图片或视频亦包括在内)" in repaired and "(including the pictures and videos if any)" in repaired
    # Nothing but glosses went: the repaired text is as long as the page less what stood in the glosses.
    assert repaired.count("\n") == text.count("\n")
    assert re.findall(r"\d+", repaired) == re.findall(r"\d+", text)
    assert repair(repaired) == (repaired, ())


@pytest.mark.parametrize("swallow", [True, False], ids=["question-mark", "replacement-character"])
@pytest.mark.parametrize("text", TEXTS)
def test_round_trip_of_made_corruption(text: str, swallow: bool) -> None:
    corrupted = corrupt(text, GLOSSED, swallow)
    assert TONED.search(corrupted)
    assert repair(corrupted) == (text, ("pinyin-gloss", "traditional-to-simplified"))


def test_the_straddles_of_the_seed_arise_from_unaligned_bytes() -> None:
    assert corrupt("当地AI", [("數", "shù"), ("當", "dāng")]) == "當(dāng)?shù)谹I"
    assert corrupt("因为没", [("驗", "yàn"), ("沒", "méi")]) == "因?yàn)闆](méi)"
    assert corrupt("接东部", [("訓", "xùn")]) == "接?xùn)|部"


def test_a_lost_character_is_marked_or_told_by_the_document() -> None:
    # 當地30: the second byte of 地 and the digit 3 went into one "?"; nothing may pass 0 off as the figure.
    page = corrupt(TEXTS[0] + "当地30家企业。", GLOSSED)
    assert "當(dāng)?shù)?0家" in page
    repaired, names = repair(page)
    assert names[-1] == "pinyin-gloss-lossy"
    assert repaired.endswith("当\ufffd\ufffd0家企业。")
    assert repaired.startswith(TEXTS[0])


def test_corrupted_official_texts_lose_no_character_silently(corpus_dir: Path) -> None:
    for name in (
        "36_pipl_2021.md",
        "22_guangdong_ai_manufacturing_2025_2027.txt",
        "45_government_work_report_2024.txt",
    ):
        kept = re.sub(
            "[^\x00-\x7f\u4e00-\u9fff，。、；：（）“”《》]", "", (corpus_dir / name).read_text(encoding="utf-8")
        )
        want = to_simplified(corrupt(kept, [])).replace("著", "着")
        got = repair(corrupt(kept, GLOSSED, swallow=False))[0].replace("著", "着")
        differing = sum(a != b for a, b in zip(want, got, strict=True))  # same length: each loss has its mark
        assert differing == got.count("\ufffd")
        assert differing < len(want) / 1000


@pytest.mark.parametrize(
    "text",
    [
        "他步履蹒跚（pán shān）地走来。重庆(chóng qìng)是直辖市,读作chóng(重)。" * 5,
        "蹒(pán)跚(shān)学(xué)步(bù),踽(jǔ)踽(jǔ)独(dú)行(xíng)。" * 3,
        "是?(shi) 函数f(x)与g(a),其中(a)(b)(c)三项,占比(bi)。" * 5,
        "",
    ],
)
def test_genuine_notes_are_left_alone(text: str) -> None:
    assert not is_glossed(text)
    assert repair(text) == (text, ())


@example("鯴\ud800")  # half a character, which OpenCC cannot take
@settings(max_examples=200, deadline=None)
@given(
    st.text(
        alphabet=st.sampled_from("数据中心利用率约65%()（），。？?a1ān著着發\n 𠮷\ufffd") | st.characters(),
        max_size=200,
    )
)
def test_text_without_glosses_is_never_changed(text: str) -> None:
    assert repair(text) == (text, ())
    assert len(to_simplified(text)) == len(text)


def test_every_clean_file_of_the_corpus_stays_as_it_is(corpus_dir: Path) -> None:
    checked = 0
    for path in sorted(corpus_dir.iterdir()):
        if path.suffix in {".txt", ".md", ".json", ".csv", ".html"} and not path.name.startswith("000_"):
            text = path.read_bytes().decode("utf-8-sig")
            assert repair(text) == (text, ()), path.name
            checked += 1
    assert checked >= 30


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("貴州算力利用率如何", "贵州算力利用率如何"),
        ("資訊安全與數位發展部", "资讯安全与数位发展部"),  # words are not exchanged: 资讯, not 信息
        ("核心技术建立", "核心技术建立"),
        ("乾坤未定，意味著甚麼", "乾坤未定，意味着甚么"),
    ],
)
def test_to_simplified_keeps_length_and_words(traditional: str, simplified: str) -> None:
    assert to_simplified(traditional).replace("著", "着") == simplified
    assert len(to_simplified(traditional)) == len(traditional)


def test_is_traditional_tells_scripts_apart(corpus_dir: Path) -> None:
    assert is_traditional("國家發展委員會促進5G及人工智慧") and is_traditional("貴州")
    assert not is_traditional("著名的核心技术") and not is_traditional("GDP 65%") and not is_traditional("")
    assert is_traditional((corpus_dir / "81_tw_5g_ai_smart_city_subsidy.json").read_text(encoding="utf-8"))
    assert not is_traditional((corpus_dir / "45_government_work_report_2024.txt").read_text(encoding="utf-8"))
