"""The ranks of one model: their environment, and the true cause when one fails."""
import re
import socket

from .failures import (HOST_OUT_OF_MEMORY, RANK_FAILED, SHARED_MEMORY_EXHAUSTED, cause_of_full,
                       cause_of_text, is_consequence, signal_name)
from .memory import OomWatch, SharedMemoryWatch
from .processes import Group

# Set for the ranks by this module alone; what the container had must not leak in.
_RANK_NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT",
               "GROUP_RANK", "ROLE_RANK", "SLURM_LOCALID", "TORCHELASTIC_RUN_ID")
_MESSAGE_LINES = 6
# Python's warnings come in pairs of lines and say nothing about the end.
_NOISE = re.compile(r"Warning: |^\s*warnings\.warn\(")


def free_port():
    """A TCP port that is free on the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def environments(base, plan, rank_devices, always_numbered=False):
    """One environment a rank.

    What would filter devices a second time, on top of the process variable, is taken away. Several
    ranks of a harness get LOCAL_RANK=0 and LOCAL_WORLD_SIZE=1: each has its own slice of
    devices already, and the harness must not cut it again. One rank gets none of these variables
    unless `always_numbered` (the Command contract promises RANK and WORLD_SIZE always).
    """
    size = plan.world_size
    port = free_port() if size > 1 else 0
    hidden = set(_RANK_NAMES).union(plan.devices.rival_variables)
    result = []
    for rank in range(size):
        environment = {name: value for name, value in base.items() if name not in hidden}
        if size > 1 or always_numbered:
            environment.update(RANK=str(rank), WORLD_SIZE=str(size),
                               LOCAL_RANK="0", LOCAL_WORLD_SIZE="1")
        if size > 1:
            environment.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
        variable = plan.devices.process_variable
        if variable:
            environment[variable] = ",".join(rank_devices[rank]) if rank_devices else ""
        result.append(environment)
    return result


class RankError(Exception):
    """A rank ended badly: cause and message, and its index."""

    def __init__(self, rank, cause, message):
        super().__init__(message)
        self.rank = rank
        self.cause = cause
        self.message = message


class Hung(Exception):
    """A rank came no further; `child` is it, and its stacks are in its output."""

    def __init__(self, child):
        super().__init__(child.name)
        self.child = child


def run(commands, rank_environments, folder, stop, grace_seconds, on_tick, keep=(),
        tick_seconds=1.0, says=lambda index: "", hung=None, stacks=None, hear=None):
    """Starts a rank per command and waits for all; the first that fails ends the rest.

    Gives None, or the failed child; what its failure means is the caller's to say. `says(rank)` is
    a rank's own word of its error, by which consequences are told from reasons. `hung(running,
    printed)` gives the rank of those running that came no further, or None; then Hung is raised;
    `printed` has how many bytes each printed. `stacks` is the signal on which ranks print their
    stacks and what the last line ends in. `hear(line)` is told each line as it is printed.
    """
    group = Group(stop, grace_seconds)
    try:
        for rank, (command, environment) in enumerate(zip(commands, rank_environments)):
            group.start("rank %d" % rank, command, environment, folder, keep, hear)
    except BaseException:
        group.end()
        raise

    def tick():
        on_tick()
        if hung is None:
            return
        rank = hung([child.index for child in group.children if child.running],
                    [child.output.read for child in group.children])
        if rank is not None:
            if stacks is not None:
                group.print_stacks(*stacks)
            raise Hung(group.children[rank])

    return group.wait(
        tick, tick_seconds,
        is_consequence=lambda child: child.returncode > 0 and is_consequence(says(child.index)))


def explain(child, watches, otherwise=RANK_FAILED):
    """The RankError for a child that ended badly and left no word of its own."""
    oom_watch, shared_memory = watches
    lines = [line for line in child.output.tail() if not _NOISE.search(line)][-_MESSAGE_LINES:]
    text = "\n".join(child.output.tail())
    if child.returncode < 0:
        name = signal_name(child.returncode)
        message = "rank %d was ended by %s" % (child.index, name)
        cause = otherwise
        if name == "SIGKILL":
            killed = oom_watch.killed()
            if killed:
                cause = HOST_OUT_OF_MEMORY
                message += ": the container ran out of memory"
            elif killed is None:
                message += " (out of host memory, if nobody killed it)"
        elif name == "SIGBUS":
            # A page of shared memory that cannot be had, or of a mapped file that was cut off.
            cause = cause_of_text(text, SHARED_MEMORY_EXHAUSTED if shared_memory.explains(text)
                                  else otherwise)
            message += ": " + shared_memory.sentence(text)
    else:
        cause = cause_of_full(text, cause_of_text(text, otherwise), shared_memory)
        message = "rank %d exited with %d" % (child.index, child.returncode)
    if lines:
        message += "; last output: " + " | ".join(lines)
    return RankError(child.index, cause, message)


def watch(shared_memory_folder):
    """What tells a shortage of memory from another end, started now."""
    return OomWatch(), SharedMemoryWatch(shared_memory_folder)
