"""What lies on each device, as planned and as loaded: a part of the report."""


import copy


# What a smoke run came to. SplitOnly: split answers were not compared with unsplit ones.
PASSED, SAME, DIFFERENT, SPLIT_ONLY = "Passed", "Same", "Different", "SplitOnly"


class Placement:
    """Adds planned and loaded bytes to the devices that preflight found, and reports them."""

    def __init__(self, plan, document, publish):
        """`document` is preflight's; `publish` is called with it when it changes."""
        self._per_process = plan.devices.per_process
        self._document = copy.deepcopy(document)
        self._publish = publish
        for row in self._document["devices"]:
            planned = plan.split.weights.get(row["logical"] % max(1, self._per_process))
            if planned:
                row["plannedBytes"] = planned

    @property
    def memory_bytes(self):
        """The least memory of a device as the driver tells it; 0 where it does not."""
        sizes = [row["memoryBytes"] for row in self._document["devices"] if row["memoryBytes"]]
        return min(sizes, default=0)

    def note(self, states):
        """Takes what the ranks say that they have loaded."""
        rows = {row["logical"]: row for row in self._document["devices"]}
        changed = False
        for rank, state in enumerate(states):
            for device, size in (state.get("loaded") or {}).items():
                row = rows.get(rank * self._per_process + int(device))
                if row is not None and row.get("loadedBytes") != size:
                    row["loadedBytes"] = size
                    changed = True
        if changed:
            self._changed()

    def note_smoke(self, outcome, message):
        """Takes what the smoke run came to."""
        self._document["smokeTest"] = {"outcome": outcome, "message": message}
        self._changed()

    def _changed(self):
        # A copy: another thread writes it out.
        self._publish(copy.deepcopy(self._document))
