"""The example program of command.yaml: "evaluates" a model that adds or multiplies.

It shows what a program owes to harness Command, with the standard library of Python 3.8:

- EVALJOB_DATASET_PATH is the data set, EVALJOB_PARAMETERS the settings of the model (JSON).
- RANK and WORLD_SIZE say which share of the samples is this process's.
- EVALJOB_OUTPUT_DIR is kept between attempts: what is done is written there and not done again.
- EVALJOB_PROGRESS_FILE takes {"done": n, "total": n} at any time.
- EVALJOB_SAMPLE_LIMIT, if set, is the number of samples of a smoke run.
- Process 0 writes EVALJOB_RESULTS_FILE at the end; exit 0 and valid results mean success.
"""
import csv
import json
import os
import sys
import time

RANK = int(os.environ.get("RANK", "0"))
WORLD_SIZE = int(os.environ.get("WORLD_SIZE", "1"))
OUTPUT = os.environ["EVALJOB_OUTPUT_DIR"]
WAIT_SECONDS = 600


def write(path, value):
    """Whole or not at all: a reader never meets half a file."""
    with open(path + ".part", "w") as file:
        json.dump(value, file)
    os.replace(path + ".part", path)


def read(path, missing):
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return missing


def share_file(rank):
    # The number of processes is part of the name: another number means other shares.
    return os.path.join(OUTPUT, "answers-%d-of-%d.json" % (rank, WORLD_SIZE))


def answer(kind, left, right):
    time.sleep(0.02)  # a model would think here
    return left * right if kind == "product" else left + right


def main():
    with open(os.environ["EVALJOB_DATASET_PATH"], newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    limit = os.environ.get("EVALJOB_SAMPLE_LIMIT")
    rows = rows[: int(limit)] if limit else rows
    kind = json.loads(os.environ.get("EVALJOB_PARAMETERS") or "{}").get("answer", "sum")

    mine = rows[RANK::WORLD_SIZE]
    done = read(share_file(RANK), {})
    if done:
        print("%d of %d answers are there from an earlier attempt" % (len(done), len(mine)))
    for row in mine:
        if row["index"] not in done:
            done[row["index"]] = answer(kind, int(row["left"]), int(row["right"]))
            write(share_file(RANK), done)
        write(os.environ["EVALJOB_PROGRESS_FILE"], {"done": len(done), "total": len(mine)})
    write(share_file(RANK), done)

    if RANK == 0:
        collect(rows)


def collect(rows):
    """Waits for the other shares and writes the score."""
    answers, deadline = {}, time.monotonic() + WAIT_SECONDS
    while len(answers) < len(rows):
        for rank in range(WORLD_SIZE):
            answers.update(read(share_file(rank), {}))
        if time.monotonic() > deadline:
            sys.exit("the answers of another process did not come in %d seconds" % WAIT_SECONDS)
        time.sleep(0.02)
    right = sum(1 for row in rows if answers[row["index"]] == int(row["answer"]))
    write(os.environ["EVALJOB_RESULTS_FILE"], {
        "metric": "accuracy", "score": "%.4f" % (right / len(rows)),
        "samples": len(rows), "failedSamples": 0,
    })


if __name__ == "__main__":
    main()
