"""The cause of an exception in a rank, by its type and then by its words."""
from .failures import (HARNESS_FAILED, HOST_OUT_OF_MEMORY, MODEL_NOT_FOUND,
                       OUT_OF_MEMORY, StageFailure, cause_of_text)


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
