"""The comparison: `cases` writes what is to be split, `compare` judges all answers."""
import argparse
import collections
import math
import os
import sys

import models
import optimum

DEVICES = (2, 3, 4, 6, 8, 16)

# For each kind of cards: the shares of memory that take turns (80 and 48 GB are 5 and 3), and how
# much of the memory the best split fills. What is left is the headroom to lose.
KINDS = {"roomy": ((1,), 0.25), "equal": ((1,), 0.9), "mixed": ((5, 3), 0.9)}

Case = collections.namedtuple("Case", "number kind model devices capacities")


def capacities(model, devices, kind):
    """Memory of each device, such that the best split fills the kind's part of it.

    Bytes are divided by a device's share; all in whole numbers.
    """
    pattern, fill = KINDS[kind]
    parts = [pattern[d % len(pattern)] for d in range(devices)]
    unit = math.prod(set(parts))
    greatest = optimum.least_greatest(model, devices, [unit // part for part in parts],
                                      [0] * devices)
    return [int(greatest / fill * part / unit) + 1 for part in parts]


def cases(all_models):
    number = 0
    for kind in KINDS:
        for model in all_models.values():
            for devices in DEVICES:
                if len(model.layers) >= devices - 1:
                    yield Case(number, kind, model, devices, capacities(model, devices, kind))
                    number += 1


def write(all_models, path):
    with open(path, "w", encoding="utf-8") as out:
        for case in cases(all_models):
            out.write("%d;%s;%s;%s\n" % (case.number, case.model.name,
                                         ",".join(map(str, case.capacities)), case.kind))


def read(all_models, path):
    result = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            number, name, memory, kind = line.strip().split(";")
            memory = [int(size) for size in memory.split(",")]
            result.append(Case(int(number), kind, all_models[name], len(memory), memory))
    return result


def plans(path):
    with open(path, encoding="utf-8") as file:
        return {int(number): [int(device) for device in devices.split(",")]
                for number, devices in (line.strip().split(";") for line in file)}


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("cases", "compare"):
        command = commands.add_parser(name)
        for argument in ("blocks", "classes", "cases"):
            command.add_argument(argument)
    command.add_argument("plans")
    command.add_argument("--out", required=True)
    command.add_argument("--plot", required=True)
    command.add_argument("--details")
    command.add_argument("--check-classes", action="store_true")
    arguments = parser.parse_args()
    all_models = models.read(arguments.blocks, arguments.classes)
    if arguments.command == "cases":
        write(all_models, arguments.cases)
        return 0
    # Both import what takes seconds.
    import compare
    import report
    if arguments.check_classes:
        import real_classes
        real_classes.check(all_models)
    rows = compare.run(read(all_models, arguments.cases), plans(arguments.plans),
                       progress=sys.stderr.isatty())
    text = report.table(rows)
    print(text)
    report.write(arguments.out, text)
    report.plot(rows, arguments.plot)
    if arguments.details:
        report.details(rows, arguments.details)
    ours = [row for row in rows if row.method == "EvalJob"]
    perfect = all(row.headroom == row.best_headroom
                  and (row.kind == "mixed" or row.greatest == row.best_greatest)
                  and not (row.spilled or row.empty or row.cut) for row in ours)
    print("EvalJob: %s" % ("the optimum in every case" if perfect else "NOT the optimum everywhere"),
          file=sys.stderr)
    return 0 if perfect else 1


if __name__ == "__main__":
    # One thread a process: the models are spread over the processors already.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    sys.exit(main())
