"""What the harness wrote as its model's answers, sample by sample; for files of a few samples."""
import csv
import json
import re
import sys
import zipfile
from xml.etree import ElementTree

_COLUMN = "prediction"


def read(path):
    """Index -> answer of a prediction file, both as text; a ValueError when it has no such column."""
    if path.endswith(".xlsx"):
        header, *rows = _spreadsheet(path)
    elif path.endswith(".tsv"):
        csv.field_size_limit(min(sys.maxsize, 2 ** 31 - 1))
        with open(path, encoding="utf-8", newline="") as source:
            header, *rows = csv.reader(source, delimiter="\t")
    else:
        header, *rows = _json(path)
    if _COLUMN not in header:
        raise ValueError("no column %s" % _COLUMN)
    answer = header.index(_COLUMN)
    index = header.index("index") if "index" in header else None
    return {_cell(row, index) if index is not None else str(number): _cell(row, answer)
            for number, row in enumerate(rows) if any(row)}


def differences(first, second):
    """The indices whose answers differ, those that only one of both has among them."""
    return sorted(index for index in set(first) | set(second)
                  if first.get(index) != second.get(index))


def _cell(row, column):
    return row[column] if column < len(row) else ""


def _json(path):
    with open(path, encoding="utf-8") as source:
        data = json.load(source)
    if isinstance(data, dict) and "columns" in data and "data" in data:
        return [data["columns"]] + [[str(value) for value in row] for row in data["data"]]
    if isinstance(data, dict):
        columns = list(data)
        data = [dict(zip(columns, row)) for row in zip(*(
            value.values() if isinstance(value, dict) else value for value in data.values()))]
    header = list(data[0]) if data else []
    return [header] + [[str(row.get(name, "")) for name in header] for row in data]


def _spreadsheet(path):
    with zipfile.ZipFile(path) as book:
        names = book.namelist()
        sheet = next(name for name in sorted(names) if name.startswith("xl/worksheets/sheet"))
        strings = []
        if "xl/sharedStrings.xml" in names:
            root = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
            strings = [_text(item, "t") for item in root if _tag(item) == "si"]
        root = ElementTree.fromstring(book.read(sheet))
    rows = []
    for row in (element for element in root.iter() if _tag(element) == "row"):
        values = []
        for cell in row:
            column = _number(re.match(r"[A-Z]*", cell.get("r", "")).group(0), len(values))
            values.extend([""] * (column + 1 - len(values)))
            shared = cell.get("t") == "s"
            text = _text(cell, "v") or _text(cell, "t")
            values[column] = strings[int(text)] if shared else text
        rows.append(values)
    return rows or [[]]


def _text(element, tag):
    return "".join(part.text or "" for part in element.iter() if _tag(part) == tag)


def _number(letters, otherwise):
    """A is 0, Z is 25, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1 if letters else otherwise


def _tag(element):
    return element.tag.rsplit("}", 1)[-1]
