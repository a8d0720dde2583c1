"""The reports of a run: what CI services read of the XML, what the page shows, and that untrusted text stays text."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from eval_answers import SUITE, sample_cases, sample_corpus
from eval_hostile import CASES, PAYLOAD, UNSEEN, hostile_report

from eval.gold import Case, Message
from eval.reports.junit import as_junit
from eval.reports.markdown import as_markdown
from eval.reports.page import as_page
from eval.reports.passages import passages
from eval.reports.report import Report, write_reports
from eval.reports.rows import hints, page_data, regions_of
from eval.score import score_trace, summarise
from eval.trace import Record


def test_every_file_is_written_and_holds_nothing_unseen(tmp_path):
    write_reports(tmp_path, hostile_report())
    assert {path.name for path in tmp_path.iterdir()} == {"summary.json", "summary.md", "junit.xml", "summary.html"}
    for name in ("summary.md", "junit.xml", "summary.html"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert not any(char in text for char in UNSEEN), name
        assert "‹U+202E›倒过来‹U+0000›" in text, name
        assert name == "junit.xml" or "1 题未经审核，没有计入" in text


class TestJUnit:
    def suite(self):
        root = ET.fromstring(as_junit(hostile_report()).encode())
        (suite,) = root.findall("testsuite")
        assert root.tag == "testsuites" and root.attrib["tests"] == suite.attrib["tests"]
        return suite

    def test_a_test_case_for_every_question_and_every_failure_of_the_gate(self):
        suite = self.suite()
        tests = suite.findall("testcase")
        # GitLab and the GitHub actions read these attributes of a test case, and the text and message of a failure.
        assert all({"name", "classname", "time"} == set(test.attrib) for test in tests)
        assert [test.attrib["classname"].rsplit(".", 1)[-1] for test in tests] == ["risk", "number", "gate"]
        assert [len(test) for test in tests] == [1, 0, 1]
        assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["errors"]) == ("3", "2", "0")
        assert float(suite.attrib["time"]) == sum(float(test.attrib["time"]) for test in tests) > 0

    def test_a_failure_tells_reasons_question_and_answer_as_they_are(self):
        failure = self.suite().find("testcase/failure")
        assert "缺关键事实 f：贵州 约65%" in failure.attrib["message"] and "缺关键事实 f：贵州 约65%" in failure.text
        assert f"问题：贵州{PAYLOAD[:70]}" in failure.text and f"回答：- {PAYLOAD[:70]}" in failure.text

    def test_metrics_are_properties(self):
        found = {p.attrib["name"]: float(p.attrib["value"]) for p in self.suite().iter("property")}
        assert found["accuracy"] == 0.5 and 7.5 in found.values()

    def test_a_passed_gate_and_an_error_are_told_apart_from_failures(self):
        case = CASES[1]
        records = {case.id: Record(id=case.id, answer=None, hits=(), seconds=0.0, error="模型没有应答")}
        summary = summarise(score_trace([case], records, {}), {case.id: case}) | {"gate": []}
        suite = ET.fromstring(as_junit(Report("s", [case], records, {}, summary))).find("testsuite")
        assert (suite.attrib["errors"], suite.attrib["failures"]) == ("1", "0")
        assert "模型没有应答" in suite.find("testcase/error").text
        assert [len(test) for test in suite.iter("testcase")] == [1, 0]


class TestMarkdown:
    def test_the_gate_comes_first_then_flips_then_numbers(self):
        report = hostile_report()
        text = as_markdown(report.summary, "评测", {case.id: case.question for case in CASES})
        assert text.startswith("# 评测：门槛未过（1 项）\n")
        places = [
            text.index(words)
            for words in ("- ❌ 必过题", "变错 1 题", "变对 1 题", "| 指标 |", "按题型", "未通过 1 题")
        ]
        assert places == sorted(places)
        assert text.count("<details>") == text.count("</details>") == 3
        assert re.findall(r"(?<!\\)<(?!/?(?:details|summary)>)", text) == []

    def test_a_row_of_a_table_stays_one_row(self):
        report = hostile_report()
        lines = as_markdown(report.summary, "评测", {case.id: case.question for case in CASES}).splitlines()
        (row,) = [line for line in lines if line.startswith("| `id")]
        assert len(re.findall(r"(?<!\\)\|", row)) == 4


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.policy, self.outside = [], "", []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        named = dict(attributes)
        self.outside += [value for name, value in attributes if name in {"src", "href", "style"} and value[:1] != "#"]
        self.outside += [name for name in named if name.startswith("on")]
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"]


class TestPage:
    def test_it_needs_nothing_from_outside_and_allows_only_its_own_script(self):
        page = as_page(hostile_report(), "评测 " + PAYLOAD)
        tags = _Tags()
        tags.feed(page)
        assert tags.outside == [] and tags.seen.count("script") == 2 and "img" not in tags.seen
        script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[-1]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert tags.policy.startswith("default-src 'none'; ") and f"script-src 'sha256-{digest}'" in tags.policy
        assert "unsafe" not in tags.policy and "http" not in tags.policy

    def test_its_data_are_the_run(self):
        report = hostile_report()
        data = json.loads(re.search(r'id="data">(.*?)</script>', as_page(report, "x"), re.DOTALL)[1])
        wrong, right = data["rows"]
        assert (wrong["kind"], wrong["right"], wrong["flip"], wrong["regions"]) == ("risk", False, "lost", ["贵州"])
        assert (right["right"], right["flip"], right["regions"], right["reasons"]) == (True, "won", ["湖南"], [])
        assert wrong["facts"] == [[True, "贵州 约65%", True]] and right["facts"] == [[True, "湖南 约30%", False]]

    def test_marks_lie_where_citation_and_gold_quote_stand(self):
        (shown,) = passages(CASES[1], hostile_report().records["right"], hostile_report().corpus)
        assert [part for part in shown["parts"] if part[1] or part[2]] == [["湖南约30%。", [1], 1]]
        wrong = hostile_report().records[CASES[0].id]
        (shown,) = passages(CASES[0], wrong, hostile_report().corpus)
        assert [part for part in shown["parts"] if part[1] or part[2]] == [["贵州约65%", [], 1], ["中间。", [1], 0]]

    def test_a_quote_that_is_not_in_the_source_is_shown_as_such(self):
        right = hostile_report().records["right"]
        cited = right.answer.citations[0].model_copy(update={"quote": "湖南约31%。"})
        changed = right.model_copy(update={"answer": right.answer.model_copy(update={"citations": (cited,)})})
        gold, wrong = passages(CASES[1], changed, hostile_report().corpus)
        assert ["湖南约30%。", [], 1] in gold["parts"]
        assert wrong["wrong"] and wrong["parts"] == [["湖南约31%。", [1], 0]]

    def test_variants_that_cite_the_same_share_their_passage(self):
        report = hostile_report()
        twin = CASES[1].model_copy(update={"id": "twin"})
        cases, records = [CASES[1], twin], dict(report.records) | {"twin": report.records["right"]}
        summary = summarise(score_trace(cases, records, report.corpus), {case.id: case for case in cases})
        data = page_data(Report("s", cases, records, report.corpus, summary))
        assert len(data["passages"]) == 1 and [row["passages"] for row in data["rows"]] == [[0], [0]]


def test_region_is_that_of_question_history_and_facts_with_its_province():
    case = sample_cases()["list-002-fu"]
    assert "合肥" not in case.question and regions_of(case) == ["合肥", "安徽"]
    asked = Case.model_validate(case.model_dump() | {"history": [Message(role="user", content="深圳呢")]})
    assert "广东" in regions_of(asked)


def test_a_hint_names_the_step():
    case, record = CASES[0], hostile_report().records[CASES[0].id]
    missing = {"correct": False, "reasons": ["缺关键事实 f：贵州 约65%"]}
    assert "检索前 5 条只找到 50%" in hints(case, record, missing | {"recall5": 0.5})[0]
    assert "回答没有用上" in hints(case, record, missing | {"recall5": 1.0})[0]
    assert hints(case, record, missing | {"correct": True}) == []


def test_five_hundred_rows_stay_small():
    """As large as the sample suite's answers are, with a citation of every gold quote."""
    cases, corpus = [], sample_corpus()
    records = {}
    for n in range(500):
        case = list(sample_cases().values())[n % len(sample_cases())].model_copy(update={"id": f"q{n}"})
        cited = [
            {"id": i, "source": e.source, "start": corpus[e.source].text.index(e.quote),
             "end": corpus[e.source].text.index(e.quote) + len(e.quote), "quote": e.quote}
            for i, e in enumerate(case.evidence, 1)
        ]  # fmt: skip
        text = "".join(f"- {c['quote']} [{c['id']}]\n" for c in cited)
        said = {"question": case.question, "answer": text, "abstained": False, "sentences": [], "citations": cited}
        records[case.id] = Record.model_validate({"id": case.id, "answer": said, "hits": [], "seconds": 0.1})
        cases.append(case)
    summary = summarise(score_trace(cases, records, corpus), {case.id: case for case in cases})
    page = as_page(Report(SUITE.name, cases, records, corpus, summary), "评测")
    assert len(page.encode()) < 1_500_000
