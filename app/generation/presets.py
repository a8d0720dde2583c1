"""Model services that speak OpenAI's protocol: addresses, default models and the variables their keys are kept in.

Addresses and names are those of the services' own pages as read in November 2026; docs/llm.md says which of them were run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Preset:
    """What POLICYQA_LLM=name stands for. `model` is "" where it must be named; `keys` are tried in order."""

    base_url: str
    model: str = ""
    keys: tuple[str, ...] = ()
    context: int = 32768  # tokens used at most; the services offer this much or more
    extra: Mapping[str, Any] = field(default_factory=dict)  # added to the request's body
    usage: bool = True  # whether stream_options may ask for token counts; a service that refuses it sends them unasked


# Thinking is off where a service offers a switch: sentences are quoted and checked, and a wait of a minute gains nothing.
_NO_THOUGHT = {"thinking": {"type": "disabled"}}

PRESETS: dict[str, Preset] = {
    "deepseek": Preset("https://api.deepseek.com/v1", "deepseek-v4-flash", ("DEEPSEEK_API_KEY",), extra=_NO_THOUGHT),
    "qwen": Preset(
        "https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen-plus", ("DASHSCOPE_API_KEY",),
        extra={"enable_thinking": False},
    ),
    "zhipu": Preset(
        "https://open.bigmodel.cn/api/paas/v4", "glm-4.7", ("ZAI_API_KEY", "ZHIPUAI_API_KEY"),
        extra=_NO_THOUGHT, usage=False,
    ),
    "moonshot": Preset("https://api.moonshot.cn/v1", keys=("MOONSHOT_API_KEY",)),
    "siliconflow": Preset("https://api.siliconflow.cn/v1", keys=("SILICONFLOW_API_KEY",)),
    "openai": Preset("https://api.openai.com/v1", keys=("OPENAI_API_KEY",)),
    "vllm": Preset("http://127.0.0.1:8000/v1", context=8192),
    "ollama": Preset("http://127.0.0.1:11434/v1", "qwen3:8b", context=4096),
    "llamacpp": Preset("http://127.0.0.1:8080/v1", "default", context=4096),
    "lmstudio": Preset("http://127.0.0.1:1234/v1", context=4096),
}  # fmt: skip
