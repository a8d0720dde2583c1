"""Compare the bundled embedder with sentence-transformers' defaults on the same passages, in one run.

    python bench/embed.py [--passages 96] [--rounds 3]

Prints characters a second of both (best of the rounds, which alternate), their ratio, the cosine between their vectors,
and what a cold start costs. The passages are made up here: Chinese policy-like sentences, about 250 characters each.
"""
# ruff: noqa: T201

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ingest.cache import default_cache_dir
from ingest.embed import OnnxEmbedder, usable_processors
from ingest.model import ensure_bundled_model

_WHO = ["省政府", "市工信局", "国家数据局", "省发展改革委", "高新区管委会", "省科技厅", "市财政局", "算力产业联盟"]
_WHERE = ["贵州", "广东", "浙江", "上海", "深圳", "四川", "内蒙古", "甘肃", "北方某省", "粤港澳大湾区", "长三角"]
_DOES = ["印发", "提出", "支持建设", "加快推进", "统筹布局", "公开征求意见的", "率先试点", "重点扶持"]
_WHAT = [
    "人工智能与制造业深度融合行动方案",
    "智能算力中心和数据中心集群",
    "公共数据授权运营机制",
    "大模型备案与安全评估制度",
    "中小企业数字化转型服务平台",
    "低空经济应用场景清单",
    "高质量数据集和语料库",
    "国产芯片适配验证中心",
]
_AIMS = [
    "到{y}年机架规模超过{n}万个，平均利用率达到约{p}%",
    "力争{y}年核心产业营业收入突破{n}亿元，年均增长{p}%以上",
    "对符合条件的项目给予不超过{n}万元的补助，比例为{p}%",
    "培育{n}家以上专精特新企业，场景化服务占比提高{p}个百分点",
    "{y}年底前建成{n}个示范场景，覆盖{p}%的规模以上企业",
]


def passages(count: int, length: int = 250) -> list[str]:
    """Return `count` different passages of `length` to `length` + 80 characters, the same at every run."""
    pick = random.Random(7)
    made = []
    for _ in range(count):
        text = ""
        while len(text) < length:
            aim = pick.choice(_AIMS).format(y=pick.randint(2021, 2030), n=pick.randint(3, 900), p=pick.randint(2, 95))
            text += f"{pick.choice(_WHERE)}{pick.choice(_WHO)}{pick.choice(_DOES)}{pick.choice(_WHAT)}，{aim}。"
        made.append(text)
    return made


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cold_start() -> str:
    """Return the timings of a fresh process: imports, load, first and later questions."""
    code = """
import time; a = time.perf_counter()
from ingest.embed import load_embedder
e = load_embedder(); b = time.perf_counter()
e.embed_queries(["贵州算力利用率如何？"]); c = time.perf_counter()
for _ in range(20): e.embed_queries(["贵州算力利用率如何？"])
d = time.perf_counter()
print(f"import {b - a:.2f} s, load and first question {c - b:.2f} s, later questions {(d - c) / 20 * 1000:.1f} ms")
"""
    root = Path(__file__).resolve().parent.parent
    run = subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True, encoding="utf-8")
    return run.stdout.strip()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = ensure_bundled_model(default_cache_dir(), print)
    print(f"cold start: {cold_start()}")

    from sentence_transformers import SentenceTransformer

    texts = passages(options.passages)
    characters = sum(map(len, texts))
    reference = SentenceTransformer(str(folder), device="cpu")
    embedder = OnnxEmbedder(folder)
    reference.encode_document(texts[:4])
    embedder.embed_passages(texts[:4])
    slow, fast = [], []
    for _ in range(options.rounds):
        slow.append(seconds(lambda: reference.encode_document(texts)))
        fast.append(seconds(lambda: embedder.embed_passages(texts)))
    cosine = (reference.encode_document(texts) * embedder.embed_passages(texts)).sum(axis=1)
    print(f"n = {len(texts)} passages, {characters / len(texts):.0f} characters each; "
          f"cores = {usable_processors()} of {os.cpu_count()}; best of {options.rounds}")  # fmt: skip
    print(f"SentenceTransformer fp32, defaults: {characters / min(slow):7.0f} characters/s")
    print(f"OnnxEmbedder int8:                  {characters / min(fast):7.0f} characters/s")
    ratios = [a / b for a, b in zip(slow, fast, strict=True)]
    print(f"ratio: {min(slow) / min(fast):.2f} (by round: {', '.join(f'{ratio:.2f}' for ratio in ratios)})")
    print(f"cosine: mean {np.mean(cosine):.5f}, min {np.min(cosine):.5f}")


if __name__ == "__main__":
    main()
