"""What must be true before a model is loaded, checked without importing the harness."""
import os
from dataclasses import dataclass
from importlib import metadata
from typing import List, Tuple

from . import devices
from .failures import PREFLIGHT_FAILED, SHARED_MEMORY_EXHAUSTED, StageFailure
from .log import say

_PACKAGES = ("vlmeval", "ms-vlmeval", "nvidia-vlmeval", "torch", "transformers", "accelerate",
             "vllm", "lmdeploy")
_MAX_DEVICES = 64
_MAX_NOTES = 16


@dataclass(frozen=True)
class Preflight:
    """What was found: each rank's devices, and the report's document."""

    rank_devices: Tuple[Tuple[str, ...], ...]
    document: dict


def check(plan, settings, dialect=None, needs_driver_tool=False, more_notes=()):
    """Checks devices, memory and /dev/shm against the plan; raises a StageFailure that says how."""
    notes: List[str] = list(more_notes)
    entries = _count(plan, settings.environment)
    found = _query(plan, entries, needs_driver_tool, notes)
    entries, sliced = _slices(plan, entries, settings.environment)
    _names(plan, entries)
    if found is not None:
        _match(plan, entries, sliced, found, notes)
    _shared_memory(plan, settings, notes)
    rank_slices = devices.slices(entries, plan.devices.per_process, plan.world_size)
    rows, lines = devices.describe(rank_slices, [] if sliced else found)
    for line in lines:
        say("device " + line)
    versions = package_versions()
    if versions:
        say("versions: " + ", ".join("%s %s" % item for item in sorted(versions.items())))
    for note in notes:
        say("note: " + note)
    document = {"devices": rows[:_MAX_DEVICES], "versions": versions, "notes": notes[:_MAX_NOTES]}
    if dialect:
        document["dialect"] = dialect
    return Preflight(tuple(devices.rank_values(rank_slices, plan.devices.context)), document)


def _count(plan, environment):
    variable = plan.devices.process_variable
    if plan.devices.total == 0:
        return []
    if not variable:
        raise StageFailure(PREFLIGHT_FAILED, "plan.json: devices.processVariable: missing for %d "
                           "devices; make the plan again" % plan.devices.total)
    value = environment.get(variable)
    if plan.devices.named_by_plugin and plan.devices.context == "Pod" and value is None:
        # The plugin leaves it out where it gave out all devices of the node.
        return [str(number) for number in range(plan.devices.total)]
    entries = devices.parse_process_variable(variable, value)
    if len(entries) != plan.devices.total:
        raise StageFailure(
            PREFLIGHT_FAILED, "%s: %s names %d devices, the plan has %d (%d processes x %d); "
            "the container was not started as planned" % (
                variable, value if value is not None else "(not set)", len(entries),
                plan.devices.total, plan.world_size, plan.devices.per_process))
    return entries


def _slices(plan, entries, environment):
    """The entries, by name where they are MIG slices, and whether they are.

    A resource of whole cards may be slices too: where the node's plugin is told to offer all cards
    alike, it calls every slice nvidia.com/gpu.
    """
    kind = plan.devices.kind
    if plan.devices.context != "Pod" or plan.devices.vendor.upper() != "NVIDIA" \
            or kind == "Shared" or not entries:
        return entries, any(devices.is_slice(entry) for entry in entries)
    names = [entry for entry in entries if devices.is_slice(entry)]
    if len(names) != len(entries):
        # What the plugin put in is the surest; it is void where devices come in another way.
        names = [name.strip() for name in environment.get("NVIDIA_VISIBLE_DEVICES", "").split(",")]
        if len(names) != len(entries) or not all(devices.is_slice(name) for name in names):
            names = devices.query_slices()
    if not names and kind == "Whole":
        return entries, False
    if plan.devices.per_process > 1:
        raise StageFailure(
            PREFLIGHT_FAILED, "the node offers MIG slices as %s, and a process can use only one: set "
            "devicesPerProcess to 1, or choose other nodes with spec.placement.nodeSelector"
            % plan.devices.resource_name)
    if len(names) == len(entries):
        return names, True
    if len(entries) == 1:
        return entries, True
    raise StageFailure(
        PREFLIGHT_FAILED, "%d processes need the names of their MIG slices, and the driver lists %d; "
        "give the image nvidia-smi by the driver capability 'utility', or set processes to 1"
        % (len(entries), len(names)))


def _names(plan, entries):
    """An engine with workers of its own would have each read the names again, as numbers."""
    kept = devices.rank_values(
        devices.slices(entries, plan.devices.per_process, plan.world_size), plan.devices.context)
    if plan.split.loader in ("VLLM", "LMDeploy") \
            and any(not entry.isdigit() for values in kept for entry in values):
        raise StageFailure(
            PREFLIGHT_FAILED, "%s: %s names devices and %s needs their numbers; set numbers" % (
                plan.devices.process_variable, ",".join(entries), plan.split.loader))


def _query(plan, entries, needed, notes):
    if not entries or plan.devices.vendor.upper() != "NVIDIA":
        return None
    found = devices.query_nvidia()
    if found is None:
        text = ("nvidia-smi is missing or does not answer, so device count and memory are unchecked")
        if needed:
            raise StageFailure(
                PREFLIGHT_FAILED, "nvidia-smi is missing or does not answer and this harness calls "
                "it; give the image the driver capability 'utility'")
        notes.append(text)
    return found


def _match(plan, entries, sliced, found, notes):
    if not found:
        raise StageFailure(PREFLIGHT_FAILED, "nvidia-smi lists no device; the node's driver or the "
                           "runtime class is at fault")
    whole = plan.devices.kind == "Whole" and not sliced
    if whole and plan.devices.context == "Pod" and len(found) != plan.devices.total:
        raise StageFailure(
            PREFLIGHT_FAILED, "the driver lists %d devices, the plan has %d; request that many, or "
            "look for a container that sees devices it did not request"
            % (len(found), plan.devices.total))
    for entry in entries:
        if not whole and plan.devices.kind != "Shared":
            # A slice is not a row of --query-gpu, which lists cards.
            notes.append("memory of %s is unchecked" % entry)
            continue
        device = devices.find(found, entry)
        if device is None:
            if not whole:
                notes.append("memory of %s is unchecked" % entry)
                continue
            raise StageFailure(
                PREFLIGHT_FAILED, "%s: device %s does not exist, the driver lists %s" % (
                    plan.devices.process_variable, entry,
                    ", ".join(device.index for device in found)))
        needed = plan.devices.min_memory_bytes
        if whole and needed and device.memory_bytes \
                and device.memory_bytes < needed:
            raise StageFailure(
                PREFLIGHT_FAILED, "device %s has %.1f GiB, the plan needs %.1f GiB; set "
                "spec.accelerator.minMemory to what the node's cards report" % (
                    entry, device.memory_bytes / 2.0 ** 30, needed / 2.0 ** 30))


def _shared_memory(plan, settings, notes):
    needed = plan.shared_memory_bytes
    if not needed:
        return
    folder = settings.shared_memory_folder
    try:
        status = os.statvfs(folder)
    except (OSError, AttributeError):
        notes.append("%s cannot be measured" % folder)
        return
    size = status.f_frsize * status.f_blocks
    # tmpfs rounds to pages; a tenth of slack keeps rounding from failing a stage.
    if size < needed * 0.9:
        text = "%s has %d MiB, the plan has %d MiB" % (folder, size >> 20, needed >> 20)
        if plan.devices.context == "Pod":
            raise StageFailure(
                SHARED_MEMORY_EXHAUSTED, text + "; the pod was not made as planned")
        notes.append(text)


def package_versions():
    """Versions of the packages that decide how a model loads, without importing them."""
    versions = {}
    for name in _PACKAGES:
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        except Exception:  # a broken installation must not fail a stage that may not need it
            continue
        if version:
            versions[name] = str(version)[:64]
    return versions
