"""Result rows: one a data set, with what the harness wrote."""
import hashlib
import json
import re
from dataclasses import dataclass

from .log import redact
from .redaction import one_line

SUCCEEDED = "Succeeded"
FAILED = "Failed"
_SCORE = re.compile(r"^[\x21-\x7e]{1,64}$")


@dataclass(frozen=True)
class ResultRow:
    """One data set's outcome; score is the text the harness wrote, never a rounded number."""

    dataset: str
    phase: str
    metric: str = ""
    score: str = ""
    samples: int = 0
    failed_samples: int = 0
    message: str = ""
    judge: str = ""

    def document(self):
        return {
            "dataset": self.dataset, "phase": self.phase, "metric": one_line(self.metric, 128),
            "score": self.score, "judge": one_line(self.judge, 128), "samples": self.samples,
            "failedSamples": self.failed_samples,
            "message": one_line(redact(self.message), 512),
        }


def succeeded(dataset, metric, score, samples, failed_samples, message="", judge=""):
    return ResultRow(dataset, SUCCEEDED, metric, score, samples, failed_samples, message, judge)


def failed(dataset, message, samples=0, failed_samples=0):
    return ResultRow(dataset, FAILED, "", "", samples, failed_samples, message)


def is_score(text):
    """A score is 1 to 64 printable ASCII characters without spaces."""
    return bool(_SCORE.match(text))


def digest(rows):
    """A digest of the rows, equal for equal rows in whatever order they were found."""
    documents = sorted((row.document() for row in rows), key=lambda row: row["dataset"])
    text = json.dumps(documents, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()
