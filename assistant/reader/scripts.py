"""Chinese and Japanese: the field's words, and the forms in which counts and negations stand behind what they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from assistant.reader.patterns import Pattern, compiled
from assistant.reader.rewriting import Edit, Rewriting

_WORDS = (
    ("finetune", "微调|微調|ファインチューニング|ファインチューン|微調整|精调|調整学習"),
    ("full finetune", "全参数微调|全量微调|全參數微調|フルファインチューニング|フルファインチューン|全パラメータ学習|全パラメータ|全参数训练|全参微调|全参数|全参|全量"),
    ("continued pretraining", "继续预训练|持续预训练|增量预训练|継続事前学習|繼續預訓練"),
    ("pretrain", "预训练|預訓練|事前学習"),
    ("train", "训练|訓練|トレーニング|学習させ|学習"),
    ("serve", "部署|提供服务|サーブ|デプロイ|配信|起服务|サーバー起動"),
    ("inference", "推理|推論|推论"),
    ("evaluate", "评测|评估|評価|評估|評測|测评|跑分"),
    ("quantize", "量化|量子化"),
    ("judge", "裁判|评审|審査員|評審|ジャッジ"),
    ("synthesize", "合成数据|合成データ|合成"),
    ("hyperparameter search", "超参数搜索|超参搜索|ハイパーパラメータ探索|ハイパラ探索|超参"),
    ("distill into", "蒸馏到|蒸餾到"),
    ("distill", "蒸馏|蒸留|蒸餾"),
    ("learning rate", "学习率|學習率|学習率"),
    ("global batch size", "全局批大小|全局批次大小|全局批次|总批大小|总批次|グローバルバッチサイズ|全体バッチサイズ"),
    ("micro batch size", "每卡批大小|单卡批大小|每卡批次|单卡批次|微批大小|マイクロバッチサイズ|マイクロバッチ"),
    ("batch size", "批大小|批次大小|批量大小|バッチサイズ|バッチ|批次"),
    ("sequence length", "序列长度|序列長度|系列長|シーケンス長|最大长度|最大長|上下文长度|上下文|コンテキスト長|コンテキスト|文脈長|长度"),
    ("gradient accumulation", "梯度累积|梯度累計|勾配累積"),
    ("rank ", "秩|ランク"),
    ("seed", "随机种子|种子|シード|乱数シード|隨機種子"),
    ("epochs", "个轮次|轮次|轮|輪|エポック|个周期|周期"),
    ("max_steps ", "最大步数|总步数|步数|ステップ数"),
    (", ", "、|，"),
    (". ", "。"),
    ("steps", "步|ステップ"),
    ("hours", "小时|小時|時間|个小时|個小時"),
    ("days", "天|日間"),
    ("minutes", "分钟|分鐘|分間"),
    ("dollars", "美元|ドル|美金|刀"),
    ("questions", "道题|题|問"),
    ("examples", "个样例|个示例|个例子|样例|示例"),
    ("trials", "次试验|次实验|回の試行|回試行|試行"),
    ("samples", "条样本|个样本|样本|サンプル|條|件のサンプル"),
    ("nodes", "个节点|节点|個節點|節點|ノード|台机器|台机|台のマシン"),
    ("budget", "预算|予算|預算"),
    ("spot", "竞价实例|抢占式实例|抢占式|竞价|スポットインスタンス|スポット"),
    ("deepspeed", "ディープスピード"),
    ("dataset", "数据集|データセット|資料集|數據集"),
    ("data", "数据|データ|數據"),
    ("model", "模型|モデル"),
    ("memory", "显存|內存|内存|メモリ"),
    ("card", "显卡|グラボ|GPUカード"),
    ("from scratch", "从头|从零|ゼロから|一から"),
    ("as fast as possible", "尽快|越快越好|できるだけ速く|なるべく早く"),
    ("minimum memory", "省显存|尽量省显存|メモリを節約|省メモリ"),
    ("no wait", "不对|不，|等等|啊不|いや|じゃなくて|ではなく|間違えた|訂正"),
    (" to ", "改成|改为|調到|调到|设为|设成|設為"),
    ("no ", "不要用|不要|不用|别用|無需|无需|不使用|不想用"),
    ("with ", "用|使用|采用"),
    ("on ", "在|上で|で"),
    ("and ", "和|与|と|及び"),
    ("at most ", "最多|不超过|最大で"),
)
"""(what the rules read, how it is written)."""
_HAN = "\u3040-\u30ff\u3400-\u9fff"
_DIGITS = {"一": "1", "单": "1", "二": "2", "两": "2", "双": "2", "兩": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9", "十": "10"}
_COUNTED = "张|張|块|塊|台|枚|卡|個|个|基"
_NUMBER = rf"(\d{{1,4}}|[{''.join(_DIGITS)}])"
_FORMS = (
    (rf"{_NUMBER}\s*(?:{_COUNTED})\s*(?:の|的)?\s*(?=(?:nvidia\s*)?[a-z]*\d)", r"{0} x "),
    (rf"(?<=[a-z0-9)])\s*(?:を|が|は|の|で|,|，|、)?\s*{_NUMBER}\s*(?:{_COUNTED})(?!\s*[a-z0-9])", r" x{0} "),
    (rf"{_NUMBER}\s*(?:{_COUNTED})?\s*(?=小时|小時|時間|天|轮|輪|步|节点|節點|ノード|エポック|ステップ)", r"{0}"),
    (r"([a-z][\w.\-]*)\s*(?:を|は)?\s*(?:なし|無し|使わず|使わない|不要|抜き)で?", r" no {0} "),
    (r"([\w.~/\\\-]*[/\\][\w.~/\\\-]*\w)\s*(?:に|へ)(?:保存|出力)(?:し\w*)?", r" save to {0} "),
    (r"(?:保存到|保存在|输出到|輸出到|存到)\s*", r" save to "),
    (r"(?:エポック(?:数)?|轮数|训练轮数)\s*(?:は|为|:|：|=)?\s*(?=\d)", r" epochs "),
    (r"(\d+)\s*(?:个|個)?\s*epoch", r"{0} epoch"),
    (r"(\d+(?:\.\d+)?)\s*(?:小时|小時|時間)\s*(?:以内|以下|之内|以內)", r" within {0} hours "),
    (r"(\d+(?:\.\d+)?)\s*(?:美元|ドル|美金|刀)\s*(?:以内|以下|之内|以內)", r" within {0} dollars "),
    (r"(?<![a-z0-9])([a-z][a-z\-]*[a-z])\s*(?:ではなく|じゃなくて)[、,]?\s*", r" no {0} , "),
    (r"(?:ではなく|じゃなくて)\s*", r" no wait "),
    (r"(?<![\u30a0-\u30ff])フル(?![\u30a0-\u30ff])", r" full "),
    (r"(?<=[a-z\u3040-\u9fff])\s*[は:：]\s*(?=\d)", r" "),
    (r"(?:数据集?|數據集?|資料集|データ(?:セット)?)\s*(?:是|为|為|在|は)\s*(?=[\w.~/])", r" dataset "),
    (r"(?:只|仅|僅)(?:测|評|评测|跑|用)?\s*(\d+)\s*(?:条|條|題|题|个|個|件)", r" limit {0} samples "),
    (r"(?:件数|サンプル数?|样本数|条数)\s*(\d+)\s*(?:件|条|個)?", r" limit {0} samples "),
)
"""(pattern, what it becomes), in that order, before the words."""


def is_written(text: str) -> bool:
    """True for a text with Chinese or Japanese writing."""
    return not text.isascii() and compiled(f"[{_HAN}]").search(text) is not None


def english(text: Rewriting) -> Rewriting:
    """The text with the field's words in English, and blanks where Latin writing begins and ends."""
    for pattern, new in _FORMS:
        text = text.edited(_edit(match, new) for match in _outside_paths(compiled(pattern), text.text))
    words, meaning = _terms()
    text = text.edited(Edit(match.start(), match.end(), f" {meaning[match.group()]} ") for match in _outside_paths(words, text.text))
    return text.edited(Edit(match.start(), match.start(), " ") for match in compiled(_BORDER).finditer(text.text))


def _outside_paths(pattern: Pattern | re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Every match that is no part of a folder's name."""
    paths = [match.span() for match in compiled(_PATH).finditer(text)] if "/" in text else []
    return (match for match in pattern.finditer(text) if not any(start < match.end() and match.start() < end for start, end in paths))


_PATH = rf"[{_HAN}\w.\-]*(?:[{_HAN}]/|/[{_HAN}])[{_HAN}\w.\-/]*"
_BORDER = rf"(?<=[{_HAN}])(?=[a-z0-9])(?![^\s{_HAN}]*/)|(?<![/.])(?<=[a-z0-9])(?=[{_HAN}])"
"""Where Chinese or Japanese writing meets a Latin word or a number: a word ends there, though no blank says so."""


def _edit(match: re.Match[str], new: str) -> Edit:
    said = [_DIGITS.get(group, group) for group in match.groups() if group is not None]
    return Edit(match.start(), match.end(), new.format(*said))


@cache
def _terms() -> tuple[re.Pattern[str], dict[str, str]]:
    meaning = {term: english for english, terms in _WORDS for term in terms.split("|")}
    return re.compile("|".join(sorted(map(re.escape, meaning), key=len, reverse=True))), meaning
