"""The cause of an exception in a rank, by its type and then by its words; where it came from."""
import os
import traceback

from .failures import (HARNESS_FAILED, HOST_OUT_OF_MEMORY, MODEL_NOT_FOUND,
                       OUT_OF_MEMORY, StageFailure, cause_of_text)
from .watchdog import short_path


def cause_of(error):
    """OutOfMemory for a device's, HostOutOfMemory for the host's, else what the text says."""
    seen = set()
    current = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, StageFailure):
            return current.cause
        names = {cls.__name__ for cls in type(current).__mro__}
        if "OutOfMemoryError" in names:
            return OUT_OF_MEMORY
        if isinstance(current, MemoryError):
            return HOST_OUT_OF_MEMORY
        cause = cause_of_text("%s: %s" % (type(current).__name__, current), None)
        if cause:
            return cause
        if names & {"RepositoryNotFoundError", "LocalEntryNotFoundError", "HFValidationError"}:
            return MODEL_NOT_FOUND
        current = current.__cause__ or current.__context__
    return HARNESS_FAILED


def describe(error):
    """`Type: message`, the type alone where the message is empty."""
    text = str(error).strip()
    return "%s: %s" % (type(error).__name__, text) if text else type(error).__name__


def place(error):
    """Where an exception was raised, as ` (file:line in function)`; the harness's own line too.

    Of a chain of causes, the one that began it: what was raised from it says less.
    """
    first, seen = error, {id(error)}
    while first.__cause__ is not None and id(first.__cause__) not in seen:
        first = first.__cause__
        seen.add(id(first))
    for current in (first, error):
        frames = [frame for frame in traceback.extract_tb(current.__traceback__)
                  if not frame.filename.startswith(("<frozen", _OWN))]
        if frames:
            break
    else:
        return ""
    last = frames[-1]
    harness = [frame for frame in frames if "vlmeval" in frame.filename.replace("\\", "/").split("/")]
    text = _frame(last)
    if harness and harness[-1] is not last:
        text += ", called from " + _frame(harness[-1])
    return " (%s)" % text


def explain(error):
    """`describe` and `place`; what we refuse ourselves says it all in its message."""
    if isinstance(error, StageFailure):
        return error.message
    return describe(error) + place(error)


def _frame(frame):
    return "%s:%s in %s" % (short_path(frame.filename), frame.lineno, frame.name)


_OWN = os.path.dirname(os.path.abspath(__file__))
