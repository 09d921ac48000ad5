"""Which VLMEvalKit is installed: told by what its sources hold, without importing it."""
import ast
import difflib
import glob
import importlib.util
import os
import re
from dataclasses import dataclass
from typing import FrozenSet, Optional

from .failures import DIALECT_MISMATCH, MODEL_NOT_FOUND, PREFLIGHT_FAILED, StageFailure

AUTO_SPLIT = "AutoSplit"
AUTO_DEVICE_MAP = "AutoDeviceMap"
STATUS_FILE = "StatusFile"

_FLAG = re.compile(r"add_argument\(\s*['\"](--[a-z-]+)['\"]")
_MODE = re.compile(r"['\"]--mode['\"].{0,200}?choices=\[([^\]]*)\]", re.DOTALL)
_SOURCE_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True)
class Vintage:
    """What the installed harness can do; `run_file` is its entry, `flags` its command line."""

    folder: str
    run_file: str
    run_module: Optional[str]
    dialect: str
    flags: FrozenSet[str]
    modes: FrozenSet[str]
    environment_file: Optional[str]


def find(name="vlmeval"):
    """The installed VLMEvalKit; a StageFailure when there is none."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise StageFailure(PREFLIGHT_FAILED, "the image has no Python package vlmeval; use an image "
                           "with VLMEvalKit, or a runtime with harness Command")
    folder = os.path.abspath(list(spec.submodule_search_locations)[0])
    inside = os.path.join(folder, "run.py")
    beside = os.path.join(os.path.dirname(folder), "run.py")
    if os.path.isfile(inside):
        run_file, module = inside, name + ".run"
    elif os.path.isfile(beside):
        run_file, module = beside, None
    else:
        raise StageFailure(PREFLIGHT_FAILED, "VLMEvalKit in %s has no run.py inside or beside it; "
                           "install it from its repository" % folder)
    source = _read(run_file)
    modes = _MODE.search(source)
    environment_file = os.path.join(os.path.dirname(folder), ".env")
    return Vintage(
        folder, run_file, module, _dialect(folder), frozenset(_FLAG.findall(source)),
        frozenset(re.findall(r"[a-z]+", modes.group(1))) if modes else frozenset(("all",)),
        environment_file if os.path.exists(environment_file) else None)


def check_dialect(found, declared):
    """Fails when the runtime declares another dialect than the sources show."""
    if found.dialect != declared:
        raise StageFailure(
            DIALECT_MISMATCH, "the runtime declares dialect %s and the installed VLMEvalKit is %s "
            "(%s); set spec.vlmevalkit.dialect: %s, or use another image" % (
                declared, found.dialect, _EVIDENCE[found.dialect], found.dialect))


_EVIDENCE = {
    AUTO_SPLIT: "its sources read AUTO_SPLIT and write no status.json",
    AUTO_DEVICE_MAP: "its sources neither read AUTO_SPLIT nor write status.json",
    STATUS_FILE: "its sources write status.json",
}


def _dialect(folder):
    common = [_read(path) for path in glob.glob(os.path.join(folder, "smp", "*.py"))]
    common.append(_read(os.path.join(folder, "smp.py")))
    if any("status.json" in text for text in common):
        return STATUS_FILE
    # QTuneVL keeps a private copy of AUTO_SPLIT in every vintage: only the common code counts.
    if any("AUTO_SPLIT" in text for text in common):
        return AUTO_SPLIT
    internvl = glob.glob(os.path.join(folder, "vlm", "internvl", "*.py")) + glob.glob(
        os.path.join(folder, "vlm", "internvl*.py"))
    if any("def split_model" in _read(path) for path in internvl):
        return AUTO_SPLIT
    return AUTO_DEVICE_MAP


@dataclass(frozen=True)
class CatalogueEntry:
    """What the catalogue says of an entry: its class, and its weights where they are a literal."""

    class_name: str
    model_path: str


def check_entry(found, name):
    """Fails when the sources show that a name is no entry of the catalogue and no model class.

    Cheap and certain: it reads the sources as text and says nothing where they make up names as
    they run, so a wrong name is found before devices are held.
    """
    tree = _catalogue(found)
    if tree is None:
        return
    known = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.DictComp, ast.JoinedStr)):
            return
        if isinstance(node, ast.Dict):
            if any(_literal(key) is None for key in node.keys):
                return
            known.update(_literal(key) for key, value in zip(node.keys, node.values)
                         if isinstance(value, ast.Call))
        if _literal(node) == name:
            return
    word = re.compile(r"\b%s\b" % re.escape(name))
    for package in ("vlm", "api"):
        for path in glob.iglob(os.path.join(found.folder, package, "**", "*.py"), recursive=True):
            if word.search(_read(path)):
                return
    raise unknown_entry(name, known)


def unknown_entry(name, known):
    """The failure for a name that is neither an entry nor a class, with what it may have meant."""
    near = difflib.get_close_matches(name, sorted(known), 3, 0.5)
    return StageFailure(
        MODEL_NOT_FOUND, "%s is neither an entry of this VLMEvalKit's catalogue nor a class of "
        "vlmeval.vlm; correct spec.models[].catalogEntry%s" % (
            name, " (did you mean %s?)" % " or ".join(near) if near else ""))


def _catalogue(found):
    try:
        return ast.parse(_read(os.path.join(found.folder, "config.py")))
    except (SyntaxError, ValueError):
        return None


def catalogue_entry(found, name):
    """The entry as `config.py` writes it, read as text; None when it is not there literally."""
    tree = _catalogue(found)
    if tree is None:
        return None
    for node in ast.walk(tree):
        if not isinstance(node, ast.Dict):
            continue
        for key, value in zip(node.keys, node.values):
            if isinstance(value, ast.Call) and _literal(key) == name and value.args:
                path = ""
                for keyword in value.keywords:
                    if keyword.arg == "model_path":
                        path = _literal(keyword.value) or ""
                return CatalogueEntry(_last_name(value.args[0]), path)
    return None


def needs_driver_tool(found, class_name):
    """True when the class's source asks nvidia-smi for free memory and fails without it."""
    if not class_name:
        return False
    wanted = re.compile(r"^class %s\b" % re.escape(class_name), re.MULTILINE)
    for path in glob.iglob(os.path.join(found.folder, "vlm", "**", "*.py"), recursive=True):
        text = _read(path)
        if "get_gpu_memory" in text and wanted.search(text):
            return True
    return False


def _literal(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _last_name(node):
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read(_SOURCE_LIMIT)
    except OSError:
        return ""
