"""What can go wrong with a model, in one exception: the caller falls back on the extractive answer."""

from ingest.errors import PolicyQAError

# By HTTP status, for people; anything else is told by its number.
_STATUS = {
    401: "密钥无效",
    402: "余额不足",
    403: "没有权限",
    404: "地址或模型名不存在",
    429: "请求过于频繁或额度已用完",
}
_RETRYABLE = {408, 409, 425, 429, 500, 502, 503, 504, 529}


class LLMError(PolicyQAError):
    """The model server failed, timed out or answered nothing usable. The caller falls back."""


def told(error: Exception) -> LLMError:
    """Return a client's error in one line, without anything that the server or the request said."""
    status = getattr(error, "status_code", None)
    kind = type(error).__name__
    if isinstance(status, int):
        what = _STATUS.get(status, "服务端出错" if status >= 500 else "请求未被接受")
        return LLMError(f"大模型{what}（{kind} {status}）", "用 policyqa doctor 检查大模型的设置")
    what = "连不上" if "Connect" in kind or isinstance(error, ConnectionError) else "调用失败"
    return LLMError(f"大模型{what}（{kind}）", "用 policyqa doctor 检查大模型的设置")


def may_pass(error: Exception) -> bool:
    """Whether the same request may succeed a moment later: overload, a dropped connection; not a wrong key or body."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status in _RETRYABLE
    kind = type(error).__name__
    return isinstance(error, ConnectionError) or any(part in kind for part in ("Connect", "Protocol", "ReadError"))


def is_refused(error: Exception) -> bool:
    """Whether the server did not accept the request's form."""
    return getattr(error, "status_code", None) in {400, 422}


def asked_to_wait(error: Exception) -> float:
    """Return the seconds that a server asks to be left alone (Retry-After), 0 where it does not say."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(headers.get("retry-after", 0)))
    except (TypeError, ValueError):
        return 0.0
