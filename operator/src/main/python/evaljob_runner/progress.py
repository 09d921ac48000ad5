"""Samples and data sets done, over all of them."""
import threading


class Progress:
    """Counts of one stage; totals grow as data sets become known. Safe for threads."""

    def __init__(self, dataset_names=()):
        self._lock = threading.Lock()
        self._samples = {name: (0, 0) for name in dataset_names}
        self._finished = set()
        self._changed = lambda: None

    def on_change(self, listener):
        """Calls the listener, from any thread, after each change."""
        self._changed = listener

    def expect(self, dataset_names):
        """Adds data sets that are to be done."""
        with self._lock:
            for name in dataset_names:
                self._samples.setdefault(name, (0, 0))

    def set_samples(self, dataset, done, total):
        """Sets one data set's counts; done is held within 0..total."""
        total = max(0, total)
        done = max(0, min(done, total)) if total else max(0, done)
        with self._lock:
            if self._samples.get(dataset) == (done, total):
                return
            self._samples[dataset] = (done, total)
        self._changed()

    def finish(self, dataset):
        """Counts a data set as done, with all of its samples."""
        with self._lock:
            if dataset in self._finished:
                return
            self._finished.add(dataset)
            done, total = self._samples.get(dataset, (0, 0))
            self._samples[dataset] = (max(done, total), max(done, total))
        self._changed()

    def snapshot(self):
        """The counts in the words of the report."""
        with self._lock:
            return {
                "samplesDone": sum(done for done, _ in self._samples.values()),
                "samplesTotal": sum(max(done, total) for done, total in self._samples.values()),
                "datasetsDone": len(self._finished),
                "datasetsTotal": len(self._samples),
            }
