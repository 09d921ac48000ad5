"""Judges every way to split every case."""
import collections
import multiprocessing
import sys

import optimum
import others

# Loads and headrooms are in bytes; `spilled` and `cut` count blocks, `empty` devices, `elsewhere`
# blocks that receive inputs and are not on device 0, `surplus` layers that a rule names and the
# model does not have.
Row = collections.namedtuple(
    "Row", "kind model devices method greatest headroom best_greatest best_headroom "
           "spilled empty cut elsewhere surplus")

INTERNVL = ("InternVL2", "InternVL3", "NVLM")
RULE_72B = ("Qwen2-VL-72B", "Qwen2.5-VL-72B", "LLaVA-OneVision-72B")
RULE_90B = ("Llama-3.2-90B-Vision",)


def run(cases, plans, progress):
    """Judges all cases, the models spread over the processors."""
    by_model = {}
    for case in cases:
        by_model.setdefault(case.model.name, []).append(case)
    rows = []
    with multiprocessing.Pool() as pool:
        work = [(own, {case.number: plans[case.number] for case in own})
                for own in by_model.values()]
        for at, judged in enumerate(pool.imap(_model, work)):
            rows += judged
            if progress:
                sys.stderr.write("\r%d of %d models " % (at + 1, len(work)))
                sys.stderr.flush()
    if progress:
        sys.stderr.write("\n")
    return rows


def _model(work):
    cases, plans = work
    rows = []
    for case in cases:
        best_greatest = optimum.least_greatest(case.model, case.devices, [1] * case.devices,
                                               [0] * case.devices)
        # The least headroom is greatest where the greatest of (load - capacity) is least.
        best_headroom = -optimum.least_greatest(case.model, case.devices, [1] * case.devices,
                                                [-capacity for capacity in case.capacities])
        for method, places, surplus in answers(case, plans):
            rows.append(judge(case, method, places, surplus, best_greatest, best_headroom))
    return rows


def answers(case, plans):
    model, devices = case.model, case.devices
    yield "EvalJob", plans[case.number], 0
    yield "auto", others.accelerate(model, case.capacities, low_zero=False), 0
    yield "balanced_low_0", others.accelerate(model, case.capacities, low_zero=True), 0
    yield "equal counts", others.equal_counts(model, devices), 0
    if model.name.startswith(INTERNVL) and not model.name.endswith("-hf"):
        yield ("InternVL rule", *others.internvl(model, devices))
    if model.name in RULE_72B:
        yield ("72B rules", *others.virtual_layers(model, devices, "72b"))
    if model.name in RULE_90B:
        yield ("72B rules", *others.virtual_layers(model, devices, "90b"))


def judge(case, method, places, surplus, best_greatest, best_headroom):
    sizes = [row.size for row in case.model.rows for _ in range(row.count)]
    if len(sizes) != len(places):
        raise AssertionError("%s: %d places for %d blocks" % (method, len(places), len(sizes)))
    loads = [0] * case.devices
    spilled = cut = 0
    for size, place in zip(sizes, places):
        if isinstance(place, set):
            cut += 1
            spilled += None in place
            on = [device for device in place if device is not None]
            for device in on:
                # How much of it lies where is not asked: an equal part is near enough for a count.
                loads[device] += size // len(place)
        elif place is None:
            spilled += 1
        else:
            loads[place] += size
    headroom = min(capacity - load for capacity, load in zip(case.capacities, loads))
    roles = [row.role for row in case.model.rows for _ in range(row.count)]
    elsewhere = sum(role in ("Vision", "Connector", "Embedding") and place != 0
                    for role, place in zip(roles, places))
    return Row(case.kind, case.model.name, case.devices, method, max(loads), headroom,
               best_greatest, best_headroom, spilled, loads.count(0), cut, elsewhere, surplus)
