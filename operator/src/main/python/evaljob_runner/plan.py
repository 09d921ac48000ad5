"""plan.json: what one model's run is, read and checked."""
import hashlib
import json
import os
from dataclasses import dataclass
from typing import List, Mapping, Optional, Tuple

from . import SCHEMA_VERSION
from .failures import PREFLIGHT_FAILED, StageFailure

_LIMIT = 4 * 1024 * 1024
HARNESSES = ("VLMEvalKit", "Command")
DIALECTS = ("AutoSplit", "AutoDeviceMap", "StatusFile")
SOURCES = ("Entry", "Hub", "Volume")
STRATEGIES = ("None", "Layers", "TensorParallel", "DeviceMap")


class PlanError(StageFailure):
    """A plan this runner cannot work from."""

    def __init__(self, message):
        super().__init__(PREFLIGHT_FAILED, "plan.json: " + message)


@dataclass(frozen=True)
class Source:
    """Where the weights come from: the catalogue entry's own, the hub, or a volume."""

    kind: str
    hub_id: str = ""
    revision: str = ""
    volume: str = ""
    path: str = ""


@dataclass(frozen=True)
class Dataset:
    """A data set by its name, with a file on a volume or without one."""

    name: str
    volume: str = ""
    path: str = ""

    @property
    def local(self):
        return bool(self.volume)


@dataclass(frozen=True)
class Harness:
    """Which harness runs, and how."""

    kind: str
    dialect: str
    command: Tuple[str, ...]
    prepare_script: str


@dataclass(frozen=True)
class Devices:
    """The devices of the evaluating container; bytes are per device, 0 is unknown."""

    context: str
    vendor: str
    resource_name: str
    kind: str
    process_variable: str
    named_by_plugin: bool
    rival_variables: Tuple[str, ...]
    per_process: int
    processes: int
    total: int
    min_memory_bytes: int


@dataclass(frozen=True)
class Assignment:
    """A contiguous run of a role's blocks on one logical device; names are aliases, first found wins."""

    role: str
    module_names: Tuple[str, ...]
    first: int
    count: int
    device: int
    bytes: int


@dataclass(frozen=True)
class Split:
    """How a model is cut over the devices of one process; bytes by logical device."""

    strategy: str
    loader: str
    tensor_parallel_size: int
    assignments: Tuple[Assignment, ...]
    device_map: Mapping[str, int]
    capacities: Mapping[int, int]
    weights: Mapping[int, int]
    loads: Mapping[int, int]
    reserve_percent: int


@dataclass(frozen=True)
class Cache:
    """The shared cache: whether prefetch may fill it, and its folders of data sets and hub files."""

    read_only: bool
    dataset_path: str
    hub_path: str


@dataclass(frozen=True)
class Judge:
    """A judge model by the address of its server."""

    url: str
    model: str


@dataclass(frozen=True)
class Plan:
    """One model's run: identity, model, data sets, harness, devices, split."""

    document: dict
    namespace: str
    job: str
    run_id: str
    run_hash: str
    model: str
    catalog_entry: str
    source: Source
    parameters: Mapping[str, str]
    datasets: Tuple[Dataset, ...]
    harness: Harness
    scoring_mode: str
    judge: Optional[Judge]
    smoke_samples: int
    smoke_on_difference: str
    devices: Devices
    ranks: Tuple[Tuple[str, ...], ...]
    split: Split
    shared_memory_bytes: int
    cache: Cache

    @property
    def world_size(self):
        return max(1, self.devices.processes)

    def dataset_names(self):
        return [dataset.name for dataset in self.datasets]


def read_files(path, digest=None):
    """The plan's file and its neighbours, each by its name, as the bytes that `digest` is of.

    The Job carries the digest of the plan that it was made from. Somebody who may write ConfigMaps
    could have put another in its place since, with a command and a certificate of their own.
    """
    folder, name = os.path.split(path)
    try:
        # A mounted ConfigMap is links into a hidden folder, whose name begins with two dots.
        names = [entry for entry in os.listdir(folder or ".") if not entry.startswith("..")]
        files = {entry: _read(os.path.join(folder, entry)) for entry in names}
    except OSError as error:
        raise PlanError("cannot read %s (%s); mount the plan there" % (path, error.strerror))
    if name not in files:
        raise PlanError("cannot read %s (No such file or directory); mount the plan there" % path)
    found = _digest(files)
    if digest and found != digest:
        raise PlanError("the mounted plan has the digest %s, the Job was made from %s: its ConfigMap "
                        "was replaced; set a new spec.runID, and see who writes ConfigMaps here"
                        % (found, digest))
    return files


def _read(path):
    with open(path, "rb") as source:
        data = source.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise PlanError("larger than %d bytes; it was not written by the operator" % _LIMIT)
    return data


def _digest(files):
    """As the operator computes it: names and contents in the order of the names, lengths first."""
    summed = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode("utf-8"), files[name]):
            summed.update(b"%d:" % len(part))
            summed.update(part)
    return "sha256:" + summed.hexdigest()


def read_plan(data):
    """The plan of a file's bytes; a PlanError names what is wrong and where."""
    try:
        document = json.loads(data.decode("utf-8"))
    except ValueError as error:
        raise PlanError("not JSON (%s); it was not written by the operator" % error)
    return parse_plan(document)


def parse_plan(document):
    """The plan of a JSON document."""
    root = _Node(document, "")
    version = root.text("schemaVersion")
    if version != SCHEMA_VERSION:
        raise PlanError("schemaVersion: %s is not known to this runner (%s); use the runner of the "
                        "same operator version" % (version, SCHEMA_VERSION))
    model = root.node("model")
    plan = Plan(
        document=document,
        namespace=root.node("job").text("namespace"),
        job=root.node("job").text("name"),
        run_id=root.node("run").text("id", ""),
        run_hash=root.node("run").text("hash"),
        model=model.text("name"),
        catalog_entry=model.text("catalogEntry", "") or model.text("name"),
        source=_source(model),
        parameters=model.texts("parameters"),
        datasets=tuple(_dataset(node) for node in root.nodes("datasets")),
        harness=_harness(root.node("harness")),
        scoring_mode=root.optional("scoring").text("mode", "DatasetDefault"),
        judge=_judge(root.optional("scoring")),
        smoke_samples=root.optional("smokeTest").number("samples", 0),
        smoke_on_difference=root.optional("smokeTest").choice(
            "onDifference", ("Fail", "Warn"), "Fail"),
        devices=_devices(root.optional("devices")),
        ranks=tuple(tuple(node.strings("visibleDevices")) for node in root.nodes("ranks", True)),
        split=_split(root.optional("split")),
        shared_memory_bytes=root.optional("resources").number("sharedMemoryBytes", 0),
        cache=_cache(root.optional("cache")),
    )
    for name, value in (("job.namespace", plan.namespace), ("job.name", plan.job),
                        ("run.hash", plan.run_hash), ("model.name", plan.model)):
        if not value or "/" in value or value in (".", ".."):
            raise PlanError("%s: %r cannot be a folder name; give it a name without '/'"
                            % (name, value))
    if not plan.datasets:
        raise PlanError("datasets: the list is empty; name at least one data set")
    names = plan.dataset_names()
    if len(set(names)) != len(names):
        raise PlanError("datasets: two entries have one name; give each its own")
    if plan.ranks and len(plan.ranks) != plan.world_size:
        raise PlanError("ranks: %d entries for %d processes; make the plan again"
                        % (len(plan.ranks), plan.world_size))
    if plan.devices.total != plan.devices.per_process * plan.world_size:
        raise PlanError("devices.total: %d is not %d processes x %d; make the plan again" % (
            plan.devices.total, plan.world_size, plan.devices.per_process))
    return plan


def _source(model):
    node = model.optional("source")
    kind = node.choice("kind", SOURCES, "Entry")
    source = Source(kind, node.text("hubID", ""), node.text("revision", ""),
                    node.text("volume", ""), node.text("path", ""))
    if kind == "Hub" and not source.hub_id:
        raise PlanError("model.source.hubID: missing; name the repository of the hub")
    if kind == "Volume":
        _inside("model.source", source.volume, source.path)
    return source


def _judge(scoring):
    if scoring.text("mode", "DatasetDefault") != "Judge":
        return None
    node = scoring.node("judge")
    judge = Judge(node.text("url"), node.text("model"))
    if not judge.url.startswith(("http://", "https://")):
        raise PlanError("scoring.judge.url: %s is no address; make the plan again" % judge.url)
    return judge


def _dataset(node):
    dataset = Dataset(node.text("name"), node.text("volume", ""), node.text("path", ""))
    if not dataset.name:
        raise PlanError("%s.name: empty; name the data set" % node.path)
    if dataset.volume:
        _inside(node.path, dataset.volume, dataset.path)
    return dataset


def _inside(field, volume, path):
    if not volume or "/" in volume or volume in (".", ".."):
        raise PlanError("%s.volume: %r is not a volume name; name one of storage.volumes"
                        % (field, volume))
    if path.startswith("/") or ".." in path.split("/"):
        raise PlanError("%s.path: %s leaves its volume; give a relative path without '..'"
                        % (field, path))


def _harness(node):
    kind = node.choice("kind", HARNESSES)
    harness = Harness(
        kind,
        node.choice("dialect", DIALECTS, "StatusFile") if kind == "VLMEvalKit" else "",
        tuple(node.strings("command")),
        node.text("prepareScript", ""))
    if kind == "Command" and not harness.command:
        raise PlanError("harness.command: empty; a Command runtime needs one")
    return harness


def _devices(node):
    processes = max(1, node.number("processes", 1))
    per_process = node.number("perProcess", 0)
    return Devices(
        node.text("context", "Pod"), node.text("vendor", ""), node.text("resourceName", ""),
        node.text("kind", "Whole"),
        node.text("processVariable", ""), node.flag("namedByPlugin"),
        tuple(node.strings("rivalVariables")), per_process, processes,
        node.number("total", per_process * processes), node.number("minMemoryBytes", 0))


def _split(node):
    assignments = []
    for entry in node.nodes("assignments", True):
        assignments.append(Assignment(
            entry.text("role"), tuple(entry.strings("moduleNames")), entry.number("first", 0),
            entry.number("count", 1), entry.number("device"), entry.number("bytes", 0)))
    device_map = {name: _Node({name: value}, node.path + ".deviceMap").number(name)
                  for name, value in (node.optional("deviceMap").value or {}).items()}
    rows = {entry.number("index"): entry for entry in node.nodes("devices", True)}
    capacities, weights, loads = (
        {index: entry.number(name, 0) for index, entry in rows.items()}
        for name in ("capacityBytes", "weightsBytes", "loadBytes"))
    return Split(
        node.choice("strategy", STRATEGIES, "None"), node.text("loader", "Transformers"),
        node.number("tensorParallelSize", 0), tuple(assignments), device_map, capacities,
        weights, loads, node.number("reservePercent", 10))


def _cache(node):
    cache = Cache(node.choice("access", ("Prefetch", "ReadOnly"), "Prefetch") == "ReadOnly",
                  node.text("datasetPath", "LMUData"), node.text("hubPath", "hf"))
    for field, path in (("datasetPath", cache.dataset_path), ("hubPath", cache.hub_path)):
        if path.startswith("/") or ".." in path.split("/"):
            raise PlanError("%s.%s: %s leaves the cache; give a relative path without '..'"
                            % (node.path, field, path))
    return cache


class _Node:
    """A JSON object that knows its path, so that an error can name the field."""

    def __init__(self, value, path):
        if not isinstance(value, dict):
            raise PlanError("%s: must be an object; make the plan again" % (path or "the document"))
        self.value = value
        self.path = path

    def _at(self, name):
        return "%s.%s" % (self.path, name) if self.path else name

    def _wrong(self, name, what):
        return PlanError("%s: must be %s, found %s; make the plan again" % (
            self._at(name), what, type(self.value.get(name)).__name__))

    def node(self, name):
        if name not in self.value:
            raise PlanError("%s: missing; make the plan again" % self._at(name))
        return _Node(self.value[name], self._at(name))

    def optional(self, name):
        value = self.value.get(name)
        return _Node({} if value is None else value, self._at(name))

    def nodes(self, name, optional=False):
        value = self.value.get(name)
        if value is None and optional:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, "a list")
        return [_Node(item, "%s[%d]" % (self._at(name), index)) for index, item in enumerate(value)]

    def text(self, name, default=None):
        value = self.value.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise self._wrong(name, "a string")
        return value

    def choice(self, name, choices, default=None):
        value = self.text(name, default)
        if value not in choices:
            raise PlanError("%s: %s is not one of %s; use the runner of the same operator version"
                            % (self._at(name), value, ", ".join(choices)))
        return value

    def number(self, name, default=None) -> int:
        value = self.value.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self._wrong(name, "a whole number of zero or more")
        return value

    def flag(self, name) -> bool:
        value = self.value.get(name, False)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def strings(self, name) -> List[str]:
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(name, "a list of strings")
        return value

    def texts(self, name) -> Mapping[str, str]:
        value = self.value.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self._wrong(name, "an object of strings")
        return value
