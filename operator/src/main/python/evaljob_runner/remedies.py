"""What to change, for the causes that a change of the spec answers."""
from .failures import HOST_OUT_OF_MEMORY, OUT_OF_MEMORY, SHARED_MEMORY_EXHAUSTED


def with_remedy(cause, message, plan, stage="infer"):
    """The message, with what to change at its end where that is known and not said yet."""
    remedy = _remedy(cause, plan, stage, message)
    return message if not remedy or remedy in message else "%s; %s" % (message.rstrip(". ;"), remedy)


def _remedy(cause, plan, stage, message):
    if cause == OUT_OF_MEMORY:
        return _device(plan)
    if cause == HOST_OUT_OF_MEMORY:
        copies = "" if plan.world_size == 1 or stage != "infer" else (
            ", or lower processes (now %d: each loads the weights)" % plan.world_size)
        return "raise spec.resources.%s.memory%s" % (stage, copies)
    if cause == SHARED_MEMORY_EXHAUSTED:
        now = " (now %d MiB)" % (plan.shared_memory_bytes >> 20) if plan.shared_memory_bytes else ""
        return "raise spec.resources.%s.sharedMemory%s, and memory with it" % (stage, now)
    if "No space left on device" in message:
        return "the workspace is full: ask for a larger claim in spec.storage.workspace"
    return ""


def _device(plan):
    count = plan.devices.per_process
    options = ["raise devicesPerProcess (now %d)" % count]
    if plan.split.strategy == "Layers":
        options.append("raise split.contextTokens so that the split leaves more room for the "
                       "cache")
    options.append("choose cards with more memory by accelerator.minMemory")
    if plan.parameters.get("max_new_tokens"):
        options.append("lower parameters.max_new_tokens (now %s)"
                       % plan.parameters["max_new_tokens"])
    return "%s, or %s" % (", ".join(options[:-1]), options[-1])
