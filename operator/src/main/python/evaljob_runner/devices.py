"""The devices this container sees: slices a rank, and what the driver says about them."""
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import Tuple

from .failures import PREFLIGHT_FAILED, StageFailure

_QUERY_SECONDS = 30
_MIB = 1024 * 1024
# The names a driver gives: device, MIG slice (both syntaxes), Ascend and ROCm use numbers only.
_PREFIXES = ("GPU-", "MIG-", "MIG-GPU-")
_SLICE = re.compile(r"^\s+MIG\s.*\(UUID:\s*(MIG-[^)\s]+)\s*\)")


@dataclass(frozen=True)
class Device:
    """A device as the driver lists it; memory in bytes, 0 where it is not reported."""

    index: str
    uuid: str
    memory_bytes: int


def parse_process_variable(name, value):
    """The entries of the process variable; CPU is an empty list."""
    if not value or value.strip() in ("", "NoDevFiles", "void", "none", "-1"):
        return []
    entries = [entry.strip() for entry in value.split(",")]
    for entry in entries:
        if not (entry.isdigit() or entry.startswith(_PREFIXES)):
            raise StageFailure(
                PREFLIGHT_FAILED, "%s: %r is neither a device number nor a device name; set a list "
                "such as 0,1 without blanks at its ends" % (name, entry))
    if len(set(entries)) != len(entries):
        raise StageFailure(PREFLIGHT_FAILED,
                           "%s: %s names a device twice; name each once" % (name, value))
    return entries


def slices(entries, per_process, processes):
    """The entries of each rank by position: rank r has entries r*k to r*k+k-1."""
    return [tuple(entries[rank * per_process:(rank + 1) * per_process])
            for rank in range(processes)]


def rank_values(rank_slices, context):
    """What each rank's process variable is set to.

    The harness reads it with int(). In a pod the container sees only its own devices, so names of
    cards become positions; on one machine a name is all there is to tell devices apart, so it
    stays. The name of a MIG slice stays where there are several ranks: the driver shows a process
    one slice only, and a number above 0 names none.
    """
    values, position = [], 0
    for entries in rank_slices:
        cards = all(not entry.isdigit() and not is_slice(entry) for entry in entries)
        if context == "Pod" and (cards or len(rank_slices) == 1) \
                and any(not entry.isdigit() for entry in entries):
            entries = tuple(str(position + offset) for offset in range(len(entries)))
        values.append(tuple(entries))
        position += len(entries)
    return values


def is_slice(entry):
    """Whether an entry names a MIG slice."""
    return entry.startswith("MIG-")


def query_nvidia(tool="nvidia-smi"):
    """The cards `nvidia-smi` lists, or None when the tool is missing or does not answer."""
    answer = _ask(tool, "--query-gpu=index,uuid,memory.total", "--format=csv,noheader,nounits")
    return None if answer is None else parse_nvidia(answer)


def query_slices(tool="nvidia-smi"):
    """The names of the MIG slices `nvidia-smi` lists; empty where there are none, or no answer."""
    return parse_slices(_ask(tool, "-L") or "")


def _ask(tool, *arguments):
    path = shutil.which(tool)
    if path is None:
        return None
    try:
        answer = subprocess.run(
            (path,) + arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL, timeout=_QUERY_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if answer.returncode != 0:
        return None
    return answer.stdout[:1024 * 1024].decode("utf-8", "replace")


def parse_slices(text):
    """Names in lines such as `  MIG 1g.10gb  Device  0: (UUID: MIG-c6d4...)`, under their card."""
    return [match.group(1) for match in map(_SLICE.match, text.splitlines()) if match]


def parse_nvidia(text):
    """Rows of `index, uuid, memory in MiB`; a row that is none of that is left out."""
    found = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) != 3 or not fields[0].isdigit():
            continue
        # A card cut into MIG slices answers [N/A] or [Insufficient Permissions] here.
        memory = int(fields[2]) * _MIB if fields[2].isdigit() else 0
        found.append(Device(fields[0], fields[1], memory))
    return found


def find(found, entry):
    """The device an entry of the process variable names; in a pod, numbers count what is listed."""
    for device in found:
        if entry == device.index or (
                not entry.isdigit() and device.uuid.startswith(entry)):
            return device
    return None


def describe(rank_slices, found) -> Tuple[list, list]:
    """The report's device list and a small table, one line a device: rank, logical, physical."""
    rows, lines, logical = [], [], 0
    for rank, entries in enumerate(rank_slices):
        for position, entry in enumerate(entries):
            device = find(found or [], entry)
            physical = device.uuid if device else entry
            memory = device.memory_bytes if device else 0
            rows.append({"logical": logical, "physical": physical, "memoryBytes": memory})
            lines.append("rank %d  logical %d  <- %s%s%s" % (
                rank, position, entry,
                "" if physical == entry else "  " + physical,
                "  %.1f GiB" % (memory / 2.0 ** 30) if memory else ""))
            logical += 1
    return rows, lines
