"""`policyqa eval`: run a suite and report it, show one case of the last run, check a gold file."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from app.settings import Settings
from eval.corpus import Corpus, load_corpus
from eval.gate import check, flips, load_baseline, load_gate
from eval.gold import Case, Suite, find_problems, find_suite, load_suite
from eval.report import as_markdown
from eval.run import last_run, new_folder, run_suite, sha256
from eval.score import score_trace, summarise
from eval.trace import Record, check_complete, read_trace
from ingest.errors import InputError

EXIT_GATE = 3


class _Parser(argparse.ArgumentParser):
    """Usage errors are one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"错误：参数有误：{message}（{self.prog} --help 查看用法）\n")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `policyqa eval` to a parser."""
    what = "套件名或 gold.jsonl 路径（默认 sample）；或 show 题号；或 validate [套件]"
    parser.add_argument("words", nargs="*", metavar="套件", help=what)
    parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")
    parser.add_argument("--gate", action="store_true", help="按套件的 gate.toml 判定，未过则以 3 退出")
    parser.add_argument("--baseline", metavar="文件", type=Path, help="与以前一次运行的 summary.json 比较")
    parser.add_argument("--split", choices=("dev", "test"), help="只跑其中一部分")
    parser.add_argument("--corpus", metavar="目录", type=Path, help="语料不在套件旁时，语料所在的目录")
    parser.add_argument("--out", metavar="目录", type=Path, help="运行记录放在哪里（默认 .policyqa/runs/时间）")


def run_arguments(arguments: list[str], settings: Settings) -> int:
    """Parse the words after `policyqa eval` and run them."""
    parser = _Parser(prog="policyqa eval", description="运行评测套件")
    add_arguments(parser)
    return run(parser.parse_args(arguments), settings)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run the command; 0, or 3 if the gate is not passed. Raises InputError for what cannot be used."""
    first, *rest = args.words or ["sample"]
    if first == "show":
        if len(rest) != 1:
            raise InputError("show 需要一个题号", "例如 policyqa eval show mis-001")
        return _show(rest[0], args.out or last_run(), args.corpus, args.json)
    if len(rest) > (first == "validate"):
        raise InputError(f"多余的参数：{rest[-1]}", "policyqa eval --help 查看用法")
    if first == "validate":
        return _validate(find_suite(rest[0] if rest else "sample", args.corpus), args.json)
    return _evaluate(find_suite(first, args.corpus), args, settings)


def _evaluate(suite: Suite, args: argparse.Namespace, settings: Settings) -> int:
    from tqdm import tqdm

    gate = load_gate(suite.gate) if args.gate and suite.gate else None
    if args.gate and gate is None:
        raise InputError(f"套件 {suite.name} 没有 gate.toml", "在 gold 文件旁写一个")
    baseline = load_baseline(args.baseline) if args.baseline else None
    every, corpus = _checked(suite)
    cases = [case for case in every if args.split in (None, case.split)]
    if not cases:
        raise InputError(f"套件 {suite.name} 没有 {args.split} 部分的题目")
    if gate is not None:
        skipped = {case.id for case in every} - {case.id for case in cases}
        gate = gate.model_copy(update={"must_pass": tuple(i for i in gate.must_pass if i not in skipped)})
    folder = new_folder(args.out)
    with tqdm(total=len(cases), unit="题", file=sys.stderr) as bar:
        run_suite(suite, cases, settings, folder, on_case=bar.update, on_note=_note)
    trace = read_trace(folder / "trace.jsonl")
    check_complete(trace, (case.id for case in cases), folder / "trace.jsonl")
    summary = summarise(score_trace(cases, trace, corpus, every), {case.id: case for case in cases})
    summary["run"] = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    if baseline is not None:
        summary["lost"], summary["won"] = flips(summary, baseline)
    if gate is not None:
        summary["gate"] = check(summary, gate, baseline)
    markdown = as_markdown(summary, f"评测 {suite.name}")
    (folder / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "summary.md").write_text(markdown, encoding="utf-8")
    if args.json:
        _print_json(summary)
    else:
        sys.stdout.write(markdown)
    _note(f"运行记录：{folder}")
    return _tell(summary)


def _tell(summary: dict[str, Any]) -> int:
    """Say on stderr what changed and whether the gate is passed; return the exit code."""
    for name, label in (("lost", "变错"), ("won", "变对")):
        if summary.get(name):
            _note(f"{label}：{'、'.join(summary[name])}")
    failures = summary.get("gate", [])
    for failure in failures:
        _note(f"门槛未过：{failure}")
    if "gate" in summary and not failures:
        _note("门槛已过")
    return EXIT_GATE if failures else 0


def _checked(suite: Suite) -> tuple[tuple[Case, ...], Corpus]:
    cases, corpus, problems = _load(suite)
    if problems:
        others = f"；另有 {len(problems) - 1} 处" if len(problems) > 1 else ""
        raise InputError(f"{suite.gold} {problems[0]}{others}", "policyqa eval validate 列出全部")
    return cases, corpus


def _load(suite: Suite) -> tuple[tuple[Case, ...], Corpus, list[str]]:
    cases, corpus = load_suite(suite.gold), load_corpus(suite.corpus)
    texts = {source: paper.text for source, paper in corpus.items()}
    return cases, corpus, find_problems(cases, texts, {source: paper.pages for source, paper in corpus.items()})


def _validate(suite: Suite, as_json: bool) -> int:
    cases, corpus, problems = _load(suite)
    if as_json:
        _print_json({"suite": suite.name, "cases": len(cases), "problems": problems})
    else:
        for problem in problems:
            sys.stdout.write(f"{suite.gold} {problem}\n")
    if problems:
        raise InputError(f"{suite.gold}：{len(problems)} 处有误", "逐条改正后再运行")
    if not as_json:
        sys.stdout.write(f"{suite.gold}：{len(cases)} 题，{len(corpus)} 份语料，没有问题\n")
    return 0


def _show(identifier: str, folder: Path, texts: Path | None, as_json: bool) -> int:
    """Print question, answer, gold and verdict of one case of a run, scored again by the code as it is now."""
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    suite = find_suite(settings["gold"], texts or Path(settings["corpus"]))
    if sha256(suite.gold) != settings["gold_sha256"]:
        raise InputError(f"{suite.gold} 在这次运行之后改动过：{folder}", "重新运行 policyqa eval")
    every, corpus = _checked(suite)
    trace = read_trace(folder / "trace.jsonl")
    case = next((case for case in every if case.id == identifier), None)
    if case is None or identifier not in trace:
        raise InputError(f"这次运行中没有题目 {identifier}：{folder}", f"共 {len(trace)} 题，编号见 trace.jsonl")
    record = trace[identifier]
    verdict = score_trace([case], trace, corpus, every)[0].to_json()
    if as_json:
        answer = record.answer.model_dump() if record.answer else None
        _print_json({"case": case.model_dump(), "answer": answer, "verdict": verdict})
    else:
        sys.stdout.write("\n".join(_shown(case, record, verdict)) + "\n")
    return 0


def _shown(case: Case, record: Record, verdict: dict[str, Any]) -> list[str]:
    lines = [f"题目 {case.id}（{case.kind}，{case.variant}）：{case.question}"]
    lines += [f"  {message.role}：{message.content}" for message in case.history]
    lines += ["", record.answer.answer if record.answer else f"出错：{record.error}", ""]
    lines += [f"[{c.id}] {c.source}：{c.quote}" for c in (record.answer.citations if record.answer else ())]
    lines += ["", f"标注：{'可回答' if case.answerable else '不可回答'}"]
    lines += [f"  {'*' if fact.vital else ' '} {fact.model_dump(exclude={'vital', 'type'})}" for fact in case.facts]
    lines.append("判定：" + ("正确" if verdict["correct"] else "不正确"))
    return lines + [f"  - {reason}" for reason in verdict["reasons"]]


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def _note(text: str) -> None:
    sys.stderr.write(text + "\n")
