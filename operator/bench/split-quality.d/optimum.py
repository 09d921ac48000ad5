"""The exact optimum, found in two ways that share nothing with the operator's planner.

A cut gives device 0 what receives inputs and the first layers, possibly none, and every further
device at least one layer; norm and head lie on device 0 or on the last device. Both searches
minimise the greatest `cost` of a device, which is any growing function of its bytes.
"""
import itertools
import math

import numpy

# Cuts that are tried one by one.
BRUTE = 25_000


def _cost(loads, scale, shift):
    return loads * scale + shift


def least_greatest(model, devices, scales, shifts):
    """Least over all cuts of the greatest `bytes x scale + shift` over the devices."""
    best = None
    places = [0] if model.tied else [0, devices - 1]
    for head in places:
        found = _program(model, devices, scales, shifts, head)
        if math.comb(len(model.layers), devices - 1) <= BRUTE:
            tried = _brute(model, devices, scales, shifts, head)
            if tried != found:
                raise AssertionError("%s on %d: %s by program, %s by trying all cuts" % (
                    model.name, devices, found, tried))
        best = found if best is None else min(best, found)
    return best


def _fixed(model, device, head):
    return (model.first if device == 0 else 0) + (model.head if device == head else 0)


def _program(model, devices, scales, shifts, head):
    sums = numpy.concatenate([[0], numpy.cumsum(numpy.array(model.layers, dtype=numpy.int64))])
    size = len(sums)
    # best[e]: the least greatest cost of the devices so far when they hold layers 0 to e - 1.
    best = _cost(sums + _fixed(model, 0, head), scales[0], shifts[0])
    loads = sums[None, :] - sums[:, None]
    none = numpy.iinfo(numpy.int64).max
    for device in range(1, devices):
        costs = _cost(loads + _fixed(model, device, head), scales[device], shifts[device])
        costs = numpy.maximum(costs, best[:, None])
        costs[numpy.tril_indices(size)] = none
        best = costs.min(axis=0)
    return int(best[-1])


def _brute(model, devices, scales, shifts, head):
    layers = model.layers
    sums = [0, *itertools.accumulate(layers)]
    best = None
    for inner in itertools.combinations(range(len(layers)), devices - 1):
        cuts = (0, *inner, len(layers))
        worst = max(
            _cost(sums[cuts[d + 1]] - sums[cuts[d]] + _fixed(model, d, head), scales[d], shifts[d])
            for d in range(devices))
        best = worst if best is None else min(best, worst)
    return best
