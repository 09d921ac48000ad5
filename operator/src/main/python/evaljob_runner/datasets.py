"""Data sets that are files on a volume."""
import csv
import os
import sys

from .failures import DATASET_NOT_FOUND, StageFailure


def missing_files(context):
    """The data sets whose file is not in its volume, each with a StageFailure."""
    failures = {}
    for dataset in context.plan.datasets:
        path = context.dataset_file(dataset)
        if path is not None and not os.path.exists(path):
            failures[dataset.name] = StageFailure(
                DATASET_NOT_FOUND, "data set %s: %s is not in volume %s; correct "
                "spec.datasets[].volume.path" % (dataset.name, dataset.path, dataset.volume))
    return failures


def read_header(path):
    """The column names of a tab-separated file."""
    with open(path, encoding="utf-8", newline="") as source:
        return next(_reader(source), [])


def count_rows(path):
    """The rows of a tab-separated file below its header; a quoted field may span lines."""
    with open(path, encoding="utf-8", newline="") as source:
        return max(0, sum(1 for row in _reader(source) if row) - 1)


def _reader(source):
    # Images are fields of megabytes.
    csv.field_size_limit(min(sys.maxsize, 2 ** 31 - 1))
    return csv.reader(source, delimiter="\t")
