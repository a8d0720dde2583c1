"""Search words: folding keeps positions, Han text is cut into words, what carries no evidence is left out."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.lexical import STOP_WORDS, fold, frequency, normalise, words


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_one_character_stays_one_character(text):
    assert len(fold(text)) == len(normalise(text)) == len(text)


def test_width_script_case_and_radicals_are_folded():
    assert fold("貴州ＡＩ６５％") == "贵州AI65%"
    assert normalise("ＥFLOPS Ⅳ ⾝İ") == "eflops ⅳ 身İ"


def test_han_text_is_cut_into_words_and_their_parts():
    found = words("贵州省数据中心平均利用率约65%")
    assert {"贵州", "数据", "数据中心", "利用率", "65"} <= set(found)
    assert "算力券" in words("发放算力券") and "东数西算" in words("东数西算工程")


def test_a_question_loses_its_function_words_and_a_text_may_keep_them():
    assert set(words("贵州的算力利用率是多少？")).isdisjoint(STOP_WORDS)
    assert "的" in words("贵州的算力", keep_stop_words=True)
    assert words("什么是？") == []


def test_latin_words_decimals_and_traditional_text():
    assert words("PUE 1.25, 5G的API") == ["pue", "1.25", "5g", "api"]
    assert words("貴州數據中心") == words("贵州数据中心")
    assert words("") == words("，。！🙂") == []


def test_frequency_tells_words_from_none():
    assert frequency("数据") > 0 == frequency("蘑菇算力狗")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_words_never_hold_white_space_or_quotes(text):
    """They are joined by blanks and put between quotes for the full-text index."""
    assert not any(char.isspace() or char in "\"'" for word in words(text, keep_stop_words=True) for char in word)
