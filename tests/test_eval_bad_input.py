"""What `policyqa eval` cannot use is one line with file and line, exit code 2, before anything is asked."""

import json
import re

import pytest
from eval_suite import write_suite

from app.cli import main
from eval.trace import read_trace
from ingest.errors import InputError


@pytest.fixture
def suite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_suite(tmp_path)


def _rows(path):
    return path.read_text(encoding="utf-8").split("\n")


def _put(path, rows):
    path.write_text("\n".join(rows), encoding="utf-8")


def _malformed(gold):
    _put(gold, [_rows(gold)[0], "{not json"])


def _field(gold):
    _put(gold, [_rows(gold)[0], _rows(gold)[1].replace('"answerable": true', '"answerable": "perhaps"')])


def _duplicate(gold):
    _put(gold, [*_rows(gold), "", _rows(gold)[0]])


def _quote(gold):
    _put(gold, [_rows(gold)[0], _rows(gold)[1].replace("国内数据中心平均利用率约65%", "国内约65%")])


def _latin(gold):
    gold.write_bytes(gold.read_bytes().replace("全国".encode(), "全国".encode("gb18030")))


def _no_corpus(gold):
    (gold.parent / "corpus").rename(gold.parent / "elsewhere")


def _no_text(gold):
    (gold.parent / "corpus" / "a.md").unlink()


def _store_is_a_file(gold):
    (gold.parent / ".policyqa").mkdir()
    (gold.parent / ".policyqa" / "eval").write_text("", encoding="utf-8")


def _folder_for_file(gold):
    gold.unlink()
    gold.mkdir()


GOLD = [
    (_malformed, r"gold\.jsonl 第 2 行：不是 JSON"),
    (_field, r"gold\.jsonl 第 2 行：answerable"),
    (_duplicate, r"gold\.jsonl 第 4 行：编号 racks 重复，第 1 行已用过"),
    (_quote, r"gold\.jsonl 第 2 行 rate：a\.md 中没有原文"),
    (_latin, r"gold\.jsonl 第 2 行：不是 UTF-8"),
    (lambda gold: _put(gold, ["", " "]), r"gold\.jsonl 中没有题目"),
    (_no_corpus, r"没有语料目录：.*corpus"),
    (_no_text, r"语料目录是空的：.*corpus"),
    (_store_is_a_file, r"\.policyqa/eval"),
    (_folder_for_file, r"没有评测套件：.*gold\.jsonl"),
]
GATE = [
    ('[hard]\nspeed = 1.0\n', r"gate\.toml 第 2 行：hard：没有指标 speed"),
    ('must_pass = [\n "racks",\n "gone",\n]\n[hard]\n', r"gate\.toml 第 3 行：必过题不在题目中：gone"),
    ("[hard]\n[floors]\naccuracy = nan\n", r"gate\.toml 第 3 行：floors\.accuracy"),
    ("[hard]\n[ratchet]\nfewer = -1\n", r"gate\.toml 第 3 行：ratchet\.fewer"),
    ("[hard\n", r"gate\.toml 第 1 行"),
]  # fmt: skip
HELD = '{"suite": "%s", "cases": {"racks": {"correct": true}}}'
BASELINES = [
    ("{\n\n", r"old\.json 第 3 行"),
    (HELD % "official", r"old\.json 是套件 official 的基线"),
    ('{"cases": {"x": {"correct": true}}}', r"old\.json 与套件 .* 没有共有的题目"),
    ('{"cases": {"racks": {"correct": "yes"}}}', r"old\.json：cases\.racks\.correct"),
    ("[1]", r"不是评测结果：.*old\.json"),
    ('{"metrics": {}, "cases": [{"id": "a", "correct": true}, {"id": "a", "correct": true}]}', r"不是评测结果"),
]


def _refused(arguments, match, capsys):
    assert main(["eval", *map(str, arguments)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    last = said.err.splitlines()[-1]
    assert re.search(match, last), last
    assert last.startswith("错误：") and "Traceback" not in said.err


@pytest.mark.parametrize(("spoil", "match"), GOLD, ids=lambda value: getattr(value, "__name__", ""))
def test_gold_that_cannot_be_used(suite, spoil, match, capsys):
    spoil(suite)
    _refused([suite, "--jobs", "1"], match, capsys)
    assert not list(suite.parent.glob(".policyqa/runs/*/summary.json"))


@pytest.mark.parametrize(("text", "match"), GATE)
def test_gate_that_cannot_be_used(suite, text, match, capsys):
    (suite.parent / "gate.toml").write_text(text, encoding="utf-8")
    _refused([suite, "--gate"], match, capsys)


@pytest.mark.parametrize(("text", "match"), BASELINES)
def test_baseline_that_cannot_be_used(suite, text, match, capsys):
    (suite.parent / "old.json").write_text(text, encoding="utf-8")
    _refused([suite, "--baseline", suite.parent / "old.json"], match, capsys)


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--gate", "--baseline", "corpus"], r"读不了基线：corpus"),
        (["--gate", "--baseline", "none.json"], r"没有基线文件：none\.json"),
        (["--split", "test"], r"没有 test 部分的题目"),
        (["--split", "dev", "--write-baseline"], r"整个套件"),
        (["--out", "corpus"], r"输出目录不是空的：corpus"),
        (["--out", "gold.jsonl/x"], r"建不了输出目录：gold\.jsonl/x"),
        (["--corpus", "none", "--skip-absent"], r"没有语料目录：none"),  # a name that somebody gave is no absence
    ],
)
def test_words_that_cannot_be_used(suite, words, match, capsys):
    _refused([suite, *words], match, capsys)


def test_gold_with_a_mark_and_crlf_and_strange_spaces_is_read(suite, capsys):
    rows = [row.replace("贵州规划的", "贵州\u2028规划的\u0085") for row in _rows(suite)]
    suite.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([rows[0], "", rows[1], ""]).encode())
    assert main(["eval", "validate", str(suite), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"] == 2


class TestRunFolder:
    """One run of two rows, then damaged in every way."""

    @pytest.fixture(autouse=True)
    def finished(self, suite, capsys):
        assert main(["eval", str(suite), "--out", "run", "--gate"]) == 0
        self.suite, self.folder = suite, suite.parent / "run"
        capsys.readouterr()

    def test_each_damage_is_named(self, capsys):
        trace, settings = self.folder / "trace.jsonl", self.folder / "settings.json"
        whole, described = trace.read_text(encoding="utf-8"), settings.read_text(encoding="utf-8")
        first, second = whole.splitlines()
        damages = [
            (trace, whole[:-40], r"trace\.jsonl 第 2 行"),
            (trace, first + "\n", r"trace\.jsonl 与题目不符：缺 1 题，多 0 题（如 rate）"),
            (trace, first + "\n" + first + "\n", r"trace\.jsonl 第 2 行：编号 racks 重复"),
            (trace, first + "\n" + second.replace('"rate"', '"x"') + "\n", r"缺 1 题，多 1 题"),
            (trace, "", r"trace\.jsonl 第 1 行"),
            (settings, described[:50], r"记录已损坏：.*settings\.json"),
            (settings, "[]", r"记录已损坏"),
            (settings, described.replace("gold.jsonl", "none.jsonl"), r"没有评测套件：.*none\.jsonl"),
        ]
        for path, text, match in damages:
            path.write_text(text, encoding="utf-8")
            _refused(["score", self.folder], match, capsys)
            trace.write_text(whole, encoding="utf-8")
            settings.write_text(described, encoding="utf-8")
        for path in ("nowhere", self.suite):
            _refused(["score", path], r"不是运行记录的目录", capsys)
            _refused(["compare", path, self.folder], r"没有基线文件|不是评测结果", capsys)
        trace.write_bytes(whole.encode("gb18030"))
        with pytest.raises(InputError, match="第 1 行"):
            read_trace(trace)

    def test_a_trace_of_another_gold_is_refused(self, capsys):
        self.suite.write_text(self.suite.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        for words in (["score", self.folder], ["show", "racks", "--out", self.folder]):
            _refused(words, r"gold\.jsonl 在这次运行之后改动过：.*run", capsys)

    def test_counts_add_up(self, capsys):
        assert main(["eval", "score", str(self.folder), "--json"]) == 0
        summary = json.loads(capsys.readouterr().out)
        right = sum(case["correct"] for case in summary["cases"])
        assert summary["n"] == len(summary["cases"]) == 2
        assert summary["metrics"]["accuracy"]["value"] == right / summary["n"]
        for part in ("by_kind", "by_variant", "by_split"):
            assert sum(group["n"] for group in summary[part].values()) == summary["n"]
