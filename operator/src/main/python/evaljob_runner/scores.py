"""The score of a data set, as the harness wrote it: never computed here, never rounded."""
import csv
import glob
import json
import os
import re
from dataclasses import dataclass
from typing import Mapping, Optional

from .files import read_json
from .results import is_score

_TABLE_LIMIT = 8 * 1024 * 1024
# Display names ("Overall Acc") that stand for a key ("split=none|Overall").
_DISPLAY_SUFFIX = re.compile(r"\s+(acc|accuracy|score|avg score)\.?$", re.IGNORECASE)
_PREFERRED = ("overall", "final score", "average", "avg", "accuracy", "acc", "score", "total")
_TABLES = ("*_acc.csv", "*_score.csv", "*_acc_all.csv", "*_rating.json", "*_score.json",
           "*_acc.json", "*_metrics.json", "*_result.json")


@dataclass(frozen=True)
class Score:
    """A metric's name and the text of its value."""

    metric: str
    value: str


def read_status(path):
    """status.json with its numbers kept as text, or None."""
    document = read_json(path, 64 * 1024 * 1024, parse_float=str, parse_int=str,
                         parse_constant=str)
    return document if isinstance(document, dict) else None


def from_metrics(metrics: Mapping[str, str], primary=None) -> Optional[Score]:
    """The primary of flat metrics `{"split=none|Overall": "0.5"}`.

    `primary` is the display name of status.json (a name or a list of them): a key, or the last
    part of one, with or without a word such as "Acc". Without it: Overall, then the usual names,
    then the first.
    """
    usable = {key: str(value) for key, value in metrics.items()
              if not isinstance(value, (dict, list, bool)) and is_score(str(value))}
    if not usable:
        return None
    if isinstance(primary, (list, tuple)):
        primary = primary[0] if primary else None
    for name in _names(primary):
        for key in usable:
            if key == name or _last(key) == name.lower():
                return Score(key.rsplit("|", 1)[-1], usable[key])
    for name in _PREFERRED:
        # The shortest key is the least special: "Overall" before "category=x|Overall".
        matches = [key for key in usable if _last(key) == name or key.lower().endswith("|" + name)]
        matches.sort(key=lambda key: ("=" in key and "=none" not in key.lower(), len(key)))
        if matches:
            return Score(matches[0].rsplit("|", 1)[-1], usable[matches[0]])
    key = next(iter(usable))
    return Score(key.rsplit("|", 1)[-1], usable[key])


def as_printed(primary) -> Optional[Score]:
    """The first of the primary metrics as the harness's own table shows them."""
    for name, value in primary or ():
        if is_score(value):
            return Score(name.rsplit("|", 1)[-1], value)
    return None


def _names(primary):
    if not isinstance(primary, str) or not primary:
        return []
    return [primary, _DISPLAY_SUFFIX.sub("", primary)]


def _last(key):
    return key.rsplit("|", 1)[-1].strip().lower()


def from_files(folders, model, dataset):
    """The score from the tables an older harness wrote beside its predictions, or None."""
    prefix = "%s_%s" % (model, dataset)
    for pattern in _TABLES:
        for folder in folders:
            paths = glob.glob(os.path.join(glob.escape(folder), glob.escape(prefix) + pattern))
            for path in sorted(paths, key=len):
                metrics = _table(path)
                score = from_metrics(metrics) if metrics else None
                if score is not None:
                    return score
    return None


def _table(path):
    if os.path.getsize(path) > _TABLE_LIMIT:
        return {}
    try:
        if path.endswith(".csv"):
            with open(path, encoding="utf-8", newline="") as source:
                return flatten_rows(list(csv.reader(source)))
        with open(path, encoding="utf-8") as source:
            return flatten(json.load(source, parse_float=str, parse_int=str))
    except (OSError, ValueError, csv.Error, RecursionError):
        return {}


def flatten_rows(rows):
    """A table as flat metrics; text columns name the row, number columns hold the values."""
    if len(rows) < 2:
        return {}
    header, metrics = rows[0], {}
    for row in rows[1:]:
        cells = list(zip(header, row))
        names = ["%s=%s" % cell for cell in cells if cell[1] and not _is_number(cell[1])]
        for name, value in cells:
            if _is_number(value):
                metrics.setdefault("|".join(names + [name or "value"]), value)
    return metrics


def flatten(value, prefix=""):
    """A JSON document as flat metrics."""
    if isinstance(value, dict):
        metrics = {}
        for key, inner in value.items():
            metrics.update(flatten(inner, "%s|%s" % (prefix, key) if prefix else str(key)))
        return metrics
    if isinstance(value, list):
        return flatten(value[0], prefix) if len(value) == 1 else {}
    text = str(value)
    return {prefix or "value": text} if _is_number(text) else {}


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True
