"""Weights from the hub: fetched once, found again by every stage."""
import errno
import os

from . import leash
from .failures import DOWNLOAD_FAILED, MODEL_NOT_FOUND, StageFailure
from .files import FolderLock, read_json, safe_name, write_json
from .log import say
from .processes import run_one, runner_command
from .redaction import one_line

_LOCK_SECONDS = 3600.0


def marker_file(work_dir, hub_id):
    """Where prefetch notes the folder of a fetched snapshot."""
    return os.path.join(work_dir.markers, "hub-%s.json" % safe_name(hub_id))


def snapshot_folder(work_dir, hub_id):
    """The folder of a snapshot that prefetch fetched; a StageFailure when there is none."""
    marker = read_json(marker_file(work_dir, hub_id))
    relative = marker.get("folder") if isinstance(marker, dict) else None
    if isinstance(relative, str):
        folder = os.path.normpath(os.path.join(work_dir.hub_cache, relative))
        if os.path.isdir(folder):
            return folder
    raise StageFailure(MODEL_NOT_FOUND, "%s was not fetched; run the prefetch stage again" % hub_id)


def fetch_model(context):
    """Fetches the model's snapshot into the hub cache; nothing to do for other sources."""
    source = context.plan.source
    if source.kind == "Hub":
        fetch(context, source.hub_id, source.revision)


def fetch(context, hub_id, revision):
    """Fetches one snapshot into the hub cache in a process of its own; a rerun finds it done."""
    work_dir = context.work_dir
    marker = marker_file(work_dir, hub_id)
    found = read_json(marker)
    if isinstance(found, dict) and found.get("revision") == revision and os.path.isdir(
            os.path.join(work_dir.hub_cache, str(found.get("folder")))):
        say("model %s: fetched by an earlier attempt" % hub_id)
        return
    if work_dir.read_only_cache:
        folder = _find(work_dir.hub_cache, hub_id, revision)
        write_json(marker, {"id": hub_id, "revision": revision, "folder": folder})
        return
    os.makedirs(work_dir.hub_cache, exist_ok=True)
    os.makedirs(work_dir.markers, exist_ok=True)
    answer = os.path.join(work_dir.markers, "hub-answer.json")
    write_json(answer, {})
    say("model %s: fetching revision %s" % (hub_id, revision or "main"))
    command = runner_command("hub-fetch", hub_id, revision, work_dir.hub_cache, answer)
    # One fetch a hub cache at a time: other models of the job share it.
    lock = FolderLock(work_dir.hub_cache)
    if not lock.acquire(context.stop, _LOCK_SECONDS):
        raise StageFailure(DOWNLOAD_FAILED, "another process has been fetching into the hub cache "
                           "for an hour; look at it")
    try:
        code, lines = run_one("fetch", command, dict(context.settings.child_environment()),
                              work_dir.shared, context.stop, context.grace_seconds)
    finally:
        lock.release()
    result = read_json(answer) or {}
    if code == 0 and isinstance(result.get("folder"), str):
        write_json(marker, {"id": hub_id, "revision": revision, "folder": result["folder"]})
        return
    raise StageFailure(
        result.get("cause", DOWNLOAD_FAILED),
        result.get("message") or "fetching %s ended with %d: %s" % (
            hub_id, code, " | ".join(lines[-6:])))


def _find(cache, hub_id, revision):
    """A snapshot that is in the cache already, relative to it."""
    model = "models--" + hub_id.replace("/", "--")
    revision = revision or "main"
    try:
        with open(os.path.join(cache, model, "refs", revision), encoding="ascii") as source:
            commit = source.read(64).strip()
    except (OSError, ValueError):
        commit = revision
    folder = os.path.join(model, "snapshots", commit)
    if not os.path.isdir(os.path.join(cache, folder)):
        raise StageFailure(MODEL_NOT_FOUND, "%s@%s is not in the cache and storage.cache.access is "
                           "ReadOnly; put it there, or set access: Prefetch" % (hub_id, revision))
    return folder


def main(arguments):
    """`hub-fetch ID REVISION CACHE ANSWER`: runs in a process of its own and imports the hub."""
    hub_id, revision, cache, answer = arguments
    leash.attach(os.getppid())
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        return _refuse(answer, DOWNLOAD_FAILED, "the image has no huggingface_hub, so %s cannot be "
                       "fetched; use a volume, or an image that has it" % hub_id)
    try:
        folder = snapshot_download(hub_id, revision=revision or None, cache_dir=cache)
    except Exception as error:  # classified by name: the classes moved between versions
        cause, remedy = _classify(error)
        return _refuse(answer, cause, "%s%s: %s; %s" % (
            hub_id, "@" + revision if revision else "", one_line(str(error), 400), remedy))
    write_json(answer, {"folder": os.path.relpath(folder, cache)})
    return 0


def _classify(error):
    names = {cls.__name__ for cls in type(error).__mro__}
    if "GatedRepoError" in names:
        return MODEL_NOT_FOUND, "accept its licence and name a token in spec.hubTokenSecretRef"
    if "RevisionNotFoundError" in names:
        return MODEL_NOT_FOUND, "correct spec.models[].hub.revision"
    if names & {"RepositoryNotFoundError", "HFValidationError"}:
        return MODEL_NOT_FOUND, ("correct spec.models[].hub.id, or name a token in "
                                 "spec.hubTokenSecretRef if it is private")
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return DOWNLOAD_FAILED, "the claim is full; ask for a larger one"
    return DOWNLOAD_FAILED, "check the network, the proxy in spec.env and HF_ENDPOINT"


def _refuse(answer, cause, message):
    write_json(answer, {"cause": cause, "message": message})
    return 1
