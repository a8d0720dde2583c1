"""`policyqa eval judge [RUN]`: let the configured LLM judge a run's answers, beside the scores."""

import argparse
import json
import sys
from pathlib import Path

from app.settings import Settings
from eval.gold import find_suite
from eval.load import checked
from eval.run import last_run, sha256
from eval.trace import read_trace
from ingest.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("run", nargs="?", type=Path, metavar="运行目录", help="哪一次运行（默认最近一次）")
    parser.add_argument("--json", action="store_true", help="只向标准输出打印 JSON")
    parser.add_argument("--corpus", metavar="目录", type=Path, help="语料不在套件旁时，语料所在的目录")
    parser.add_argument("--first", metavar="数", type=int, help="只评前几题")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Write judge.jsonl into the run's folder and print the means; 0. Raises InputError for what cannot be used."""
    from tqdm import tqdm

    from app.generation.backend import make_backend

    backend = make_backend(settings)
    if backend is None:
        raise InputError("没有设置大模型，无从评判", "设置 POLICYQA_LLM，见 docs/llm.md")
    folder = args.run or last_run()
    described = _described(folder)
    suite = find_suite(described["gold"], args.corpus or Path(described["corpus"]))
    if sha256(suite.gold) != described["gold_sha256"]:
        raise InputError(f"{suite.gold} 在这次运行之后改动过：{folder}", "重新运行 policyqa eval")
    records = read_trace(folder / "trace.jsonl")
    cases = [case for case in checked(suite)[0] if case.id in records][: args.first]
    from eval.judge import METRICS, judge, tally

    judged = []
    with tqdm(total=len(cases) * len(METRICS), unit="次", file=sys.stderr) as bar:
        for judgement in judge(cases, records, backend):
            judged.append(judgement)
            bar.update()
    rows = [json.dumps(j.to_json(), ensure_ascii=False) + "\n" for j in judged]
    (folder / "judge.jsonl").write_text("".join(rows), encoding="utf-8")
    found = {
        metric: {"mean": t.mean, "scored": t.scored, "unscored": t.unscored, "n": t.scored + t.unscored}
        for metric, t in tally(judged).items()
    }
    if args.json:
        sys.stdout.write(json.dumps({"run": str(folder), "model": backend.name, "metrics": found}) + "\n")
        return 0
    for metric, cell in found.items():
        mean = "无" if cell["mean"] is None else f"{cell['mean']:.3f}"
        sys.stdout.write(f"{metric}\t均值 {mean}\t已评 {cell['scored']}，未评 {cell['unscored']}，共 {cell['n']}\n")
    return 0


def _described(folder: Path) -> dict[str, str]:
    try:
        described: dict[str, str] = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
        return {key: described[key] for key in ("gold", "corpus", "gold_sha256")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"不是运行目录：{folder}", "给出 policyqa eval 写下的目录") from error
