"""Units of measure and of count as official texts write them: spelling, canonical form, and what they must not begin.

A Chinese unit is often the first character of another word (2025人工智能大会, 三部分, 10场景), so each unit says which
characters may not follow it. Latin units end where the letters and digits end.
"""

import re

# Spellings that are their own canonical form.
_PLAIN = (
    "百分点 基点 % ‰ 元 美元 欧元 英镑 港元 日元 韩元 新台币 机架 架次 架 千瓦时 千瓦 兆瓦时 兆瓦 吉瓦时 太瓦时 吉瓦 千伏 "
    "吨标准煤 吨 公斤 斤 平方公里 平方米 立方米 公里/小时 公里 公顷 亩 纳米 毫米 厘米 米 分贝 ℃ 度 "
    "EFLOPS PFLOPS TFLOPS P E ZB EB PB TB GB MB Tbps Gbps Mbps GHz MHz "
    "人次 场次 批次 班次 车次 家 户 人 位 所 座 项 台 套 "
    "标台 辆 件 条 款 种 类 处 次 场 篇 部 颗 枚 只 支 张 笔 例 起 门 间 艘 列 期 轮 栋 株 头 组 步 层 份 "
    "个月 个工作日 小时 分钟 毫秒 微秒 秒 岁 周 年 天 日 个 倍 成 分"
)
# Canonical form: the other spellings that mean it.
_OTHER = {
    "百分点": "个百分点", "基点": "个基点", "元": "元人民币 人民币 圆", "美元": "美金", "港元": "港币",
    "机架": "个标准机架 标准机架 个机架", "千瓦时": "度电 kWh", "兆瓦时": "MWh", "吉瓦时": "GWh", "太瓦时": "TWh",
    "千瓦": "kW", "兆瓦": "MW", "吉瓦": "GW", "吨标准煤": "吨标煤", "公斤": "千克", "公里": "千米",
    "平方公里": "平方千米",
    "EFLOPS": "Eflops EFlops", "PFLOPS": "Pflops PFlops", "人": "名", "个": "部门 部委", "个工作日": "工作日",
    "小时": "个小时", "岁": "周岁",
}  # fmt: skip
UNITS: dict[str, str] = {unit: unit for unit in _PLAIN.split()} | {
    spelling: unit for unit, spellings in _OTHER.items() for spelling in spellings.split()
}
# Characters that make the unit the beginning of another word: 人 of 人工, 部 of 部分.
_NOT_BEFORE = {
    "人": "工民才均口大员力机类脸社事文为身格体心间生", "部": "分署队位长件级属省落首", "个": "别性体半",
    "位": "数于置居列一移点面", "名": "称单义录为片牌额城校列优誉气词", "场": "景所地馆站合面域",
    "家": "庭居具长属乡校园政禽用", "台": "湾风阶账州", "条": "件约例码线款形", "款": "式", "种": "子植业质群养粮",
    "类": "似型别比", "次": "日要级序品贷生元", "处": "理置罚于方长级境以所在", "户": "籍外型口主",
    "年": "级龄轻味画报代产会初末薪", "天": "津然气地空河府山水使", "只": "有要能是需得会在做为限占", "套": "餐利用",
    "座": "谈位椅标右", "架": "构设桥", "倍": "增数率加感受", "元": "旦素器件宇首老年", "米": "其粉饭",
    "成": "立为果本功效员品长熟渝都份交型绩因片群语就像千套不", "秒": "杀", "所": "有得在需以属示谓长涉", "件": "套",
    "篇": "章幅", "分": "之子别类工期享析布散公级支校行会店局区层项段批开为成部解配红歧中厂母设摊",
    "支": "持付撑出部援农配线", "张": "家贴力开", "笔": "试记者画", "例": "如外行会", "起": "到点步来诉草码伏",
    "门": "户类店槛诊口", "间": "接隔", "列": "入为出车举", "期": "间限望待刊货权末初", "轮": "换值流船岗训",
    "头": "部条等", "组": "织成建合长", "步": "骤伐入行", "层": "面级次", "份": "额子", "周": "期边年转",
    "日": "常益前本报", "株": "洲", "栋": "梁", "圆": "满桌形", "亩": "产", "度": "过假数量夏", "吨": "位",
}  # fmt: skip
# Where a character is not enough: 三家电信企业 counts firms, 三家电 does not; 一千万个人信息 is no count of 个.
_NOT_BEFORE_WORD = {
    "家": "电(?![信力商子])",
    "个": "人(?:信息|用户|所得)",
    "项": "目(?!标)|规定",
    "年": "期(?![满间内限])",
}


def _pattern() -> str:
    parts = []
    for unit in sorted(UNITS, key=len, reverse=True):
        edge = "(?![A-Za-z0-9])" if unit[-1].isascii() and unit[-1].isalpha() else ""
        if chars := _NOT_BEFORE.get(unit):
            edge += f"(?![{chars}])"
        if word := _NOT_BEFORE_WORD.get(unit):
            edge += f"(?!{word})"
        parts.append(re.escape(unit) + edge)
    return "|".join(parts)


UNIT_PATTERN = _pattern()
