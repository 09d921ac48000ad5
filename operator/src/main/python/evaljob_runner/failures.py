"""The closed list of failure causes, and how one is told from another."""
import re
import signal

OUT_OF_MEMORY = "OutOfMemory"
HOST_OUT_OF_MEMORY = "HostOutOfMemory"
SHARED_MEMORY_EXHAUSTED = "SharedMemoryExhausted"
PREFLIGHT_FAILED = "PreflightFailed"
DIALECT_MISMATCH = "DialectMismatch"
SPLIT_NOT_APPLICABLE = "SplitNotApplicable"
SPLIT_CHANGES_ANSWERS = "SplitChangesAnswers"
MODEL_NOT_FOUND = "ModelNotFound"
DATASET_NOT_FOUND = "DatasetNotFound"
DOWNLOAD_FAILED = "DownloadFailed"
PREPARE_FAILED = "PrepareFailed"
HARNESS_FAILED = "HarnessFailed"
DATASET_FAILED = "DatasetFailed"
RANK_FAILED = "RankFailed"
STALLED = "Stalled"
JUDGE_FAILED = "JudgeFailed"
RESULTS_INVALID = "ResultsInvalid"
REPORT_REJECTED = "ReportRejected"
TERMINATED = "Terminated"
UNKNOWN = "Unknown"

ALL = frozenset((
    OUT_OF_MEMORY, HOST_OUT_OF_MEMORY, SHARED_MEMORY_EXHAUSTED, PREFLIGHT_FAILED,
    DIALECT_MISMATCH, SPLIT_NOT_APPLICABLE, SPLIT_CHANGES_ANSWERS, MODEL_NOT_FOUND,
    DATASET_NOT_FOUND, DOWNLOAD_FAILED, PREPARE_FAILED, HARNESS_FAILED, DATASET_FAILED, RANK_FAILED,
    STALLED, JUDGE_FAILED, RESULTS_INVALID, REPORT_REJECTED, TERMINATED, UNKNOWN))

# How the devices' allocators word it; exception types are not importable in the launcher.
_DEVICE_OOM = re.compile(
    r"OutOfMemoryError|(CUDA|HIP|NPU|XPU|HPU|MPS)\b.{0,40}out of memory"
    r"|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED"
    r"|No available memory for the cache blocks|DefaultCPUAllocator: can't allocate memory",
    re.IGNORECASE)
_HOST_OOM = re.compile(
    r"DefaultCPUAllocator: can't allocate memory|\bMemoryError\b|Cannot allocate memory")
_SHARED_MEMORY = re.compile(
    r"insufficient shared memory|out of shared memory|/dev/shm|shm_open|torch_shm_manager"
    r"|Bus error.{0,80}shared memory|</torch_\w+>",
    re.IGNORECASE)
_SHARED_MEMORY_FULL = re.compile(
    r"No space left|insufficient|out of shared|increase|Cannot allocate|Bus error"
    # Whatever error torch prints behind it, which is often another call's.
    r"|unable to allocate shared memory", re.IGNORECASE)
_NO_SPACE = "No space left on device"
# What a process says of a worker that it lost; why is in the worker's own output.
_LOST_WORKER = re.compile(
    r"DataLoader worker .{0,40}exited unexpectedly|process pool was terminated abruptly")


# What the other ranks say when one is gone: never the reason itself.
_CONSEQUENCE = re.compile(
    r"Connection (closed|reset) by peer|Connection refused|Broken pipe|gloo|barrier"
    r"|DistStoreError|DistNetworkError|DistBackendError|Socket Timeout|recvValue|sendBytes"
    r"|NCCL (error|timeout)|ncclRemoteError", re.IGNORECASE)


def is_consequence(text):
    """Whether an error only says that another rank is gone."""
    return bool(_CONSEQUENCE.search(text))


class StageFailure(Exception):
    """A stage that cannot succeed: its cause from the closed list, and one sentence."""

    def __init__(self, cause, message):
        super().__init__(message)
        self.cause = cause if cause in ALL else UNKNOWN
        self.message = message


class Incomplete(StageFailure):
    """Some data sets are not to be had and the stage is done for the others: told, and no failure."""


class Terminated(Exception):
    """The pod was told to end (SIGTERM or SIGINT)."""


def cause_of_text(text, otherwise):
    """The cause that an error text names, else the given one."""
    if _SHARED_MEMORY.search(text) and _SHARED_MEMORY_FULL.search(text):
        return SHARED_MEMORY_EXHAUSTED
    if _HOST_OOM.search(text):
        return HOST_OUT_OF_MEMORY
    if _DEVICE_OOM.search(text):
        return OUT_OF_MEMORY
    return otherwise


def cause_of_full(text, cause, shared_memory, output=""):
    """The cause, where a text may mean shared memory and does not say so."""
    if _NO_SPACE in text and shared_memory.was_full():
        return SHARED_MEMORY_EXHAUSTED
    return cause_of_text(output, cause) if _LOST_WORKER.search(text) else cause


def signal_name(returncode):
    """`SIGKILL` for -9; the number when the platform has no name for it."""
    try:
        return signal.Signals(-returncode).name
    except ValueError:
        return "signal %d" % -returncode
