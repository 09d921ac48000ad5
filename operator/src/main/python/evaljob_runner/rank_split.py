"""The planned split as a device map of the model that is here.

The plan names modules by aliases, because their names change with the transformers version.
"""
import re

from .failures import SPLIT_NOT_APPLICABLE, StageFailure

# A model may lack these or keep them inside another module; coverage is checked after all.
_OPTIONAL_ROLES = ("Connector", "Norm", "Head")
# Where the harness puts what it gives to the model: vision tower, connector and embedding take it.
_INPUT_DEVICE = 0
# What no profile lists (rotary tables, image newlines, position ids) goes with the inputs.
_REST_FRACTION = 0.01


class SplitPolicy:
    """Assignments (or a literal map) over the logical devices 0..n-1 of this process."""

    def __init__(self, assignments, device_map, devices):
        self._assignments = assignments
        self._device_map = dict(device_map)
        self._devices = devices
        self._cut = []
        self._layers = []

    @staticmethod
    def of(split, devices):
        """The policy of a plan's split, None where nothing is split by module."""
        if split["loader"] != "Transformers" or devices < 1:
            return None
        if split["strategy"] == "DeviceMap" and split["deviceMap"]:
            return SplitPolicy([], split["deviceMap"], devices)
        if split["strategy"] == "Layers" and split["assignments"]:
            return SplitPolicy(split["assignments"], {}, devices)
        return None

    def resolve(self, sizes, ties=(), inputs=()):
        """The literal map for a model of these tensors (`{full name: bytes}`).

        Every tensor is covered, every device is one of ours, the tensors of each group in `ties`
        are on one device, the modules in `inputs` on device 0; a StageFailure names what is not.
        """
        if self._device_map:
            result = self._literal(sizes)
        else:
            result = self._aliases(sizes)
        check_range(result, self._devices)
        self._cover(result, sizes)
        for group in ties:
            self._together(result, group)
        for name in inputs:
            if device_of(result, name) != _INPUT_DEVICE:
                raise refused("%s is on device %s, and the harness gives its inputs to device %d; "
                              "put it there" % (name, device_of(result, name), _INPUT_DEVICE))
        return result

    def _together(self, result, group):
        """Tensors that are one: a head that is the embedding goes where the embedding is."""
        devices = {name: device_of(result, name) for name in group}
        if len(set(devices.values())) < 2:
            return
        if self._device_map:
            raise refused("the device map puts tied weights apart (%s); they are one tensor, so "
                          "give them one device" % ", ".join(
                              "%s on %s" % item for item in sorted(devices.items())))
        first = min(devices.values())
        for name in group:
            module = name.rsplit(".", 1)[0]
            for key in (name, module):
                if result.get(key, first) != first:
                    result[key] = first
            if device_of(result, name) != first:
                result[module] = first

    def _literal(self, sizes):
        result = {}
        for name, device in self._device_map.items():
            if name == "" or has(sizes, name):
                result[name] = device
            else:
                raise refused("the device map names %s and the model has no such module (it has "
                               "%s)" % (name, _top(sizes)))
        return result

    def _aliases(self, sizes):
        result = {}
        shared = {}
        for assignment in self._assignments:
            key = (assignment["role"], tuple(assignment["moduleNames"]))
            shared[key] = shared.get(key, 0) + 1
        for assignment in self._assignments:
            role, names = assignment["role"], assignment["moduleNames"]
            alias = next((name for name in names if has(sizes, name)), None)
            if alias is None:
                if role in _OPTIONAL_ROLES:
                    continue
                raise refused("no module for %s: looked for %s, the model has %s; add its name "
                               "to the profile's moduleNames" % (
                                   role, ", ".join(names) or "nothing", _top(sizes)))
            cut = role == "Layers" or shared[(role, tuple(names))] > 1
            if not cut:
                result[alias] = assignment["device"]
                continue
            (self._layers if role == "Layers" else self._cut).append(alias)
            alias = _blocks(sizes, alias)
            for index in range(assignment["first"], assignment["first"] + assignment["count"]):
                block = "%s.%d" % (alias, index)
                if not has(sizes, block):
                    raise refused("the plan has %s and the model has only %d blocks in %s; "
                                   "correct the profile" % (block, _count(sizes, alias), alias))
                result[block] = assignment["device"]
        return result

    def _cover(self, result, sizes):
        rest = [name for name in sizes if not covered(result, name)]
        if not rest:
            return
        total = sum(sizes.values()) or 1
        # What a cut tower has beside its blocks (patches, merger) takes the inputs too.
        missing = sum(sizes[name] for name in rest
                      if not any(name.startswith(alias + ".") for alias in self._cut))
        layers = [name for name in rest
                  if any(name.startswith(alias + ".") for alias in self._layers)]
        if self._device_map or layers or missing > total * _REST_FRACTION:
            raise refused("the split leaves out %d tensors of %d bytes (%s); every module needs a "
                           "device" % (len(rest), missing, ", ".join((layers or rest)[:3])))
        for name in rest:
            # The module that holds it, if the map says nothing below that; else the tensor itself.
            parent = name.rsplit(".", 1)[0] if "." in name else name
            inner = any(key == parent or key.startswith(parent + ".") for key in result)
            result[name if inner else parent] = _INPUT_DEVICE


def has(sizes, name):
    """True when a tensor is, or lies below, the name."""
    return name in sizes or any(tensor.startswith(name + ".") for tensor in sizes)


def covered(device_map, name):
    """True when the map names the tensor or a module around it."""
    return device_of(device_map, name) is not None


def device_of(device_map, name):
    """The device of the nearest entry around a tensor or module, None where the map has none."""
    while name not in device_map:
        if "." not in name:
            return device_map.get("")
        name = name.rsplit(".", 1)[0]
    return device_map[name]


def check_range(device_map, devices):
    """Fails where a map names something that is no device of this process."""
    for name, device in device_map.items():
        if isinstance(device, bool) or not isinstance(device, int) or not 0 <= device < devices:
            raise refused("%s is on device %s and this process has 0 to %d"
                          % (name or "the model", device, devices - 1))


def _blocks(sizes, alias):
    """The numbered list at or below the alias: `visual` means `visual.blocks`."""
    if any(re.match(re.escape(alias) + r"\.\d+\.", tensor) for tensor in sizes):
        return alias
    counts = {}
    for tensor in sizes:
        match = re.match("(" + re.escape(alias) + r"\.(?:[A-Za-z_]\w*\.)*?[A-Za-z_]\w*)\.(\d+)\.",
                         tensor)
        if match:
            counts.setdefault(match.group(1), set()).add(match.group(2))
    return max(counts, key=lambda name: len(counts[name])) if counts else alias


def _count(sizes, alias):
    numbers = {tensor[len(alias) + 1:].split(".", 1)[0] for tensor in sizes
               if tensor.startswith(alias + ".")}
    return sum(1 for number in numbers if number.isdigit())


def _top(sizes):
    names = []
    for tensor in sizes:
        name = ".".join(tensor.split(".")[:2])
        if name not in names:
            names.append(name)
    return ", ".join(names[:12])


def refused(message):
    """The failure of a split that does not fit the model that is here."""
    return StageFailure(SPLIT_NOT_APPLICABLE, "the planned split cannot be applied: " + message)
