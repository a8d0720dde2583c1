"""The run as JUnit XML: a test case for every question and for the gate, as GitHub, GitLab and Jenkins read it."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from eval.gold import Case
from eval.reports.report import Report
from eval.reports.words import visible


def as_junit(report: Report) -> str:
    """Return the run as JUnit XML 1.0 in UTF-8.

    Classname is suite.kind, name the question's id, time the seconds of `ask`. A wrong answer is a failure, a question
    that ended in an error an error. Each failure of the gate is a test case of the class suite.gate; a gate that is
    passed is one. Metrics are properties of the suite. Characters that XML forbids are written out.
    """
    summary = report.summary
    suite = ET.Element("testsuite", name=_safe(report.suite))
    properties = ET.SubElement(suite, "properties")
    for name, cell in summary["metrics"].items():
        if cell["value"] is not None:
            ET.SubElement(properties, "property", name=_safe(name), value=f"{cell['value']:g}")
    for case, verdict in zip(report.cases, summary["cases"], strict=True):
        _question(suite, report, case, verdict)
    for number, failure in enumerate(summary.get("gate", ()), 1):
        broken = _testcase(suite, f"{report.suite}.gate", f"门槛 {number}：{failure}", 0.0)
        ET.SubElement(broken, "failure", message=_safe(failure), type="gate").text = _safe(failure)
    if summary.get("gate") == []:
        _testcase(suite, f"{report.suite}.gate", "门槛", 0.0)
    for outcome in ("failure", "error"):
        suite.set(f"{outcome}s", str(len(suite.findall(f"testcase/{outcome}"))))
    tests = suite.findall("testcase")
    suite.set("tests", str(len(tests)))
    suite.set("skipped", "0")
    suite.set("time", f"{sum(float(test.attrib['time']) for test in tests):.3f}")
    if started := summary.get("run", {}).get("started"):
        suite.set("timestamp", str(started)[:19])  # the schema's dates have no zone
    root = ET.Element("testsuites", {key: suite.attrib[key] for key in ("tests", "failures", "errors", "time")})
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _question(suite: ET.Element, report: Report, case: Case, verdict: Mapping[str, Any]) -> None:
    record = report.records[case.id]
    test = _testcase(suite, f"{report.suite}.{case.kind}", case.id, record.seconds)
    if verdict["correct"]:
        return
    reasons = [_safe(reason) for reason in verdict["reasons"]]
    outcome = ET.SubElement(test, "failure" if record.answer else "error")
    outcome.set("message", "；".join(reasons)[:500])
    outcome.set("type", case.kind)
    said = record.answer.answer if record.answer else record.error
    outcome.text = "\n".join(
        [*(f"- {reason}" for reason in reasons), "", f"问题：{_safe(case.question)}", f"回答：{_safe(said)}"]
    )


def _testcase(suite: ET.Element, classname: str, name: str, seconds: float) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=_safe(classname), name=_safe(name), time=f"{seconds:.4f}")


def _safe(text: Any) -> str:
    return visible(str(text))
