"""Words of the sign-in page."""

from collections.abc import Mapping

from app.types import Language

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "title": "登录", "name": "账号", "password": "口令", "go": "登录", "oidc": "用单位账号登录",
        "wrong": "账号或口令不对，或账号已停用。", "wait": "尝试次数过多，请约 {minutes} 分钟后再试。",
        "stale": "页面已过期，请重新登录。", "refused": "单位账号登录没有成功：{why}", "signed": "已登录：{name}", "out": "退出登录",
        "gone": "已退出。", "back": "返回", "other": "English", "broken": "账号暂时无法读取，请稍后重试。",
    },
    "en": {
        "title": "Sign in", "name": "Account", "password": "Password", "go": "Sign in",
        "oidc": "Sign in with your organisation", "wrong": "Wrong account or password, or the account is disabled.",
        "wait": "Too many attempts. Try again in about {minutes} minutes.", "stale": "This page was too old. Sign in again.",
        "refused": "Your organisation's sign-in failed: {why}", "signed": "Signed in: {name}", "out": "Sign out",
        "gone": "Signed out.", "back": "Back", "other": "中文", "broken": "Accounts cannot be read now. Try again later.",
    },
}  # fmt: skip


def say(language: Language, key: str, **values: object) -> str:
    """A text in a language."""
    return _WORDS[language][key].format(**values)
