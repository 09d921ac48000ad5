"""Prediction files of VLMEvalKit, counted without pandas and in bounded memory."""
import csv
import glob
import json
import os
import re
import sys
import zipfile
from dataclasses import dataclass
from xml.etree import ElementTree

_MARK = "Failed to obtain answer"
_RUN_FOLDER = re.compile(r"^T\d{8}")
_SUFFIXES = (".xlsx", ".tsv", ".json")
_JSON_LIMIT = 1024 * 1024 * 1024


@dataclass(frozen=True)
class Predictions:
    """A prediction file: its rows, and how many of them hold no answer."""

    path: str
    rows: int
    failed: int


def run_folders(model_folder):
    """The folders a run may have written to, newest first; the flat layout's folder is last."""
    try:
        names = os.listdir(model_folder)
    except OSError:
        return []
    dated = [os.path.join(model_folder, name) for name in names
             if _RUN_FOLDER.match(name) and os.path.isdir(os.path.join(model_folder, name))]
    dated.sort(key=lambda path: (os.path.getmtime(path), path), reverse=True)
    return dated + [model_folder]


def find(model_folder, model, dataset):
    """The newest readable prediction file of a data set, or None."""
    for folder in run_folders(model_folder):
        for suffix in _SUFFIXES:
            path = os.path.join(folder, "%s_%s%s" % (model, dataset, suffix))
            if os.path.isfile(path):
                try:
                    return count(path)
                except (OSError, ValueError, KeyError, zipfile.BadZipFile,
                        ElementTree.ParseError, csv.Error):
                    continue
    return None


def drop_broken(model_folder):
    """Removes spreadsheets cut off in writing: the harness would stumble over them for ever."""
    dropped = []
    for path in glob.glob(os.path.join(glob.escape(model_folder), "**", "*.xlsx"), recursive=True):
        if os.path.isfile(path) and not os.path.islink(path) and not zipfile.is_zipfile(path):
            os.unlink(path)
            dropped.append(os.path.basename(path))
    return dropped


def count(path):
    """Counts the rows of a prediction file by its suffix."""
    if path.endswith(".xlsx"):
        return _count_spreadsheet(path)
    if path.endswith(".tsv"):
        return _count_tsv(path)
    return _count_json(path)


def _count_tsv(path):
    csv.field_size_limit(min(sys.maxsize, 2 ** 31 - 1))
    with open(path, encoding="utf-8", newline="") as source:
        reader = csv.reader(source, delimiter="\t")
        header = next(reader, [])
        column = header.index("prediction")
        rows = failed = 0
        for row in reader:
            if row:
                rows += 1
                failed += len(row) > column and _MARK in row[column]
    return Predictions(path, rows, failed)


def _count_json(path):
    if os.path.getsize(path) > _JSON_LIMIT:
        raise ValueError("too large")
    with open(path, encoding="utf-8") as source:
        data = json.load(source)
    if isinstance(data, dict) and "columns" in data and "data" in data:
        column = data["columns"].index("prediction")
        values = [row[column] for row in data["data"]]
    elif isinstance(data, dict):
        column = data["prediction"]
        values = list(column.values()) if isinstance(column, dict) else list(column)
    else:
        values = [row["prediction"] for row in data]
    return Predictions(path, len(values), sum(_MARK in str(value) for value in values))


def _count_spreadsheet(path):
    """Three passes that keep one row or one string at a time."""
    with zipfile.ZipFile(path) as book:
        names = book.namelist()
        sheet = next(name for name in sorted(names) if name.startswith("xl/worksheets/sheet"))
        shared = "xl/sharedStrings.xml" if "xl/sharedStrings.xml" in names else None
        header = next(_rows(book, sheet), {})
        wanted = {text for kind, text in header.values() if kind == "s"}
        titles, marked = _strings(book, shared, wanted)
        column = None
        for letters, (kind, text) in header.items():
            if (titles.get(text) if kind == "s" else text) == "prediction":
                column = letters
        if column is None:
            raise ValueError("no prediction column")
        rows = failed = 0
        for number, cells in enumerate(_rows(book, sheet)):
            if number == 0 or not cells:
                continue
            rows += 1
            kind, text = cells.get(column, ("", ""))
            failed += text in marked if kind == "s" else _MARK in text
    return Predictions(path, rows, failed)


def _strings(book, shared, wanted):
    """The texts of the wanted string numbers, and the numbers of those that hold the mark."""
    titles, marked, number = {}, set(), 0
    if shared is None:
        return titles, marked
    with book.open(shared) as source:
        for _, element in ElementTree.iterparse(source):
            if _tag(element) != "si":
                continue
            text = "".join(part.text or "" for part in element.iter() if _tag(part) == "t")
            key = str(number)
            if key in wanted:
                titles[key] = text
            if _MARK in text:
                marked.add(key)
            number += 1
            element.clear()
    return titles, marked


def _rows(book, sheet):
    """Rows as {column letters: (cell type, text)}."""
    with book.open(sheet) as source:
        for _, element in ElementTree.iterparse(source):
            if _tag(element) != "row":
                continue
            cells = {}
            for cell in element:
                text = "".join(part.text or "" for part in cell.iter() if _tag(part) in ("v", "t"))
                letters = re.match(r"[A-Z]*", cell.get("r", "")).group(0)
                cells[letters] = (cell.get("t", ""), text)
            yield cells
            element.clear()


def _tag(element):
    return element.tag.rsplit("}", 1)[-1]
