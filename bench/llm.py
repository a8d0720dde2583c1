"""How many sentences of a model pass the checks, why the others are dropped, and what checking costs.

    python -m bench.llm MODEL.gguf [--questions 30] [--template FILE]     or, with POLICYQA_LLM set: python -m bench.llm

The first answerable dev questions of the sample suite, each asked once. `--template` replaces the model file's chat
template (a base model has none of use); "example" stands for the one-example template of tests/llm_template.txt.
"""
# ruff: noqa: T201

import argparse
import os
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from app import engine as engine_module
from app.build import open_engine
from app.generation import embedded, generate
from app.settings import load_settings
from eval.gold import find_suite, load_suite
from ingest.embed import usable_processors

ROOT = Path(__file__).resolve().parent.parent
# A small context and long waits: a busy core reads some 40 tokens a second.
SLOW = {"POLICYQA_LLM_CONTEXT": "900", "POLICYQA_LLM_TIMEOUT": "240", "POLICYQA_LLM_FIRST_TOKEN": "120"}


def main() -> None:
    """Ask, count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="a .gguf file; without it POLICYQA_LLM is used")
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--template", help="file of a chat template, or 'example'")
    parser.add_argument("--show", action="store_true", help="print every sentence")
    options = parser.parse_args()
    environment = dict(os.environ) | ({"POLICYQA_LLM": options.model} if options.model else {})
    if options.template:
        _use_template(options.template)
    checking = _Watch()
    generate._judge = checking.timed(generate._judge)  # type: ignore[assignment]
    engine_module.render = checking.timed(engine_module.render)  # type: ignore[attr-defined]
    suite = find_suite("sample")
    with tempfile.TemporaryDirectory(prefix="policyqa-bench-") as folder:
        settings = load_settings({**SLOW, **environment}, store=str(Path(folder) / "store"))
        with open_engine(settings, writable=True) as engine:
            engine.ingest([str(suite.corpus)])
            cases = [c for c in load_suite(suite.gold) if c.split == "dev" and c.answerable and not c.history]
            _ask_all(engine, [c.question for c in cases[: options.questions]], checking, options.show)


def _ask_all(engine: Any, questions: list[str], checking: "_Watch", show: bool) -> None:
    reasons, kept, dropped, stood, failed = Counter[str](), 0, 0, 0, Counter[str]()
    spent, shares = list[float](), list[float]()
    for question in questions:
        checking.seconds, began = 0.0, time.perf_counter()
        answer = engine.ask(question)
        spent.append(time.perf_counter() - began)
        shares.append(checking.seconds)
        kept += answer.usage.kept if answer.usage else 0
        dropped += len(answer.dropped)
        reasons.update(d.reason for d in answer.dropped)
        stood += answer.model.startswith("extractive")
        if "failed" in answer.model:
            failed[answer.model] += 1
        if show:
            print(f"\n{question}  [{answer.model}] {answer.usage}\n{answer.text}")
            print("".join(f"   - {d.reason}: {d.text}\n" for d in answer.dropped))
    total = max(1, kept + dropped)
    print(
        f"cores = {usable_processors()} of {os.cpu_count()}; model {engine.backend.name}; n = {len(questions)} questions"
    )
    print(
        f"sentences {kept + dropped}: kept {kept} ({kept / total:.0%}), dropped {dropped}: {dict(reasons.most_common())}"
    )
    print(f"the extractive answer stood in {stood} of {len(questions)}; the model failed: {dict(failed)}")
    print(f"seconds an answer, median {statistics.median(spent):.2f}")
    print(f"of it checking, median {statistics.median(shares) * 1000:.1f} ms, most {max(shares) * 1000:.1f} ms")


class _Watch:
    """Seconds spent inside the functions that it wraps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, function: Any) -> Any:
        def run(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds += time.perf_counter() - began

        return run


def _use_template(name: str) -> None:
    path = ROOT / "tests" / "llm_template.txt" if name == "example" else Path(name)
    template, start = path.read_text(encoding="utf-8").rstrip("\n"), embedded._start
    embedded._start = lambda file, context, _: start(file, context, template)


if __name__ == "__main__":
    main()
