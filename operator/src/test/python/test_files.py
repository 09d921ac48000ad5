"""Files of the harness: predictions counted, shards written whole and tested."""
import json
import os
import pickle
import unittest
import zipfile

from evaljob_runner import datasets, predictions, shards, vintage
from evaljob_runner.files import FolderLock, read_json, safe_name, write_atomically
from evaljob_runner.stop import Stop
from support import Container


class PredictionsTest(Container):

    def spreadsheet(self, rows, *names):
        """As pandas writes one: every text is a number into the shared strings."""
        texts, lines = [], []

        def cell(column, line, value):
            if isinstance(value, str):
                if value not in texts:
                    texts.append(value)
                return '<c r="%s%d" t="s"><v>%d</v></c>' % (column, line, texts.index(value))
            return '<c r="%s%d"><v>%s</v></c>' % (column, line, value)

        for number, row in enumerate(rows, 1):
            lines.append('<row r="%d">%s</row>' % (number, "".join(
                cell(chr(65 + i), number, value) for i, value in enumerate(row))))
        space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        path = self.path(*names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with zipfile.ZipFile(path, "w") as book:
            book.writestr("xl/worksheets/sheet1.xml",
                          "<worksheet %s><sheetData>%s</sheetData></worksheet>" % (
                              space, "".join(lines)))
            book.writestr("xl/sharedStrings.xml", "<sst %s>%s</sst>" % (
                space, "".join("<si><t>%s</t></si>" % text for text in texts)))
        return path

    def test_rows_and_failed_rows_of_a_spreadsheet(self):
        path = self.spreadsheet([
            ["index", "question", "prediction"], [0, "q", "A"],
            [1, "q", "Failed to obtain answer via API."], [2, "Failed to obtain answer", "B"],
            [3, "q", 4]], "out", "m_d.xlsx")
        found = predictions.count(path)
        self.assertEqual((4, 1), (found.rows, found.failed))

    def test_other_formats(self):
        path = self.write("index\tprediction\n0\t\"a\nb\"\n1\tFailed to obtain answer\n", "m_d.tsv")
        found = predictions.count(path)
        self.assertEqual((2, 1), (found.rows, found.failed))
        for document in ([{"prediction": "a"}, {"prediction": "b"}],
                         {"prediction": {"0": "a", "1": "b"}, "index": {}},
                         {"columns": ["index", "prediction"], "data": [[0, "a"], [1, "b"]]}):
            path = self.write(json.dumps(document), "m_d.json")
            self.assertEqual(2, predictions.count(path).rows)

    def test_the_newest_folder_wins_and_broken_files_are_passed_over(self):
        rows = [["index", "prediction"], [0, "A"]]
        older = self.spreadsheet(rows, "m", "T20261122-000000", "m_d.xlsx")
        newer = self.spreadsheet(rows + [[1, "B"]], "m", "T20261123-000000", "m_d.xlsx")
        os.utime(os.path.dirname(older), (1, 1))
        self.assertEqual(2, predictions.find(self.path("m"), "m", "d").rows)
        with open(newer, "wb") as out:
            out.write(b"PK")
        self.assertEqual(1, predictions.find(self.path("m"), "m", "d").rows)
        self.assertEqual(["m_d.xlsx"], predictions.drop_broken(self.path("m")))
        self.assertIsNone(predictions.find(self.path("m"), "m", "other"))


class ShardTest(Container):

    def test_a_dump_that_dies_leaves_the_old_shard(self):
        path = self.path("02_d.pkl")

        def dump(data, f):
            with open(f, "wb") as out:
                out.write(pickle.dumps(data)[:5])
                if data.get("die"):
                    raise OSError("disk full")
                out.seek(0)
                pickle.dump(data, out)

        whole = shards.atomic_dump(dump)
        whole({"1": "A"}, path)
        with self.assertRaises(OSError):
            whole({"1": "A", "die": True}, path)
        with open(path, "rb") as source:
            self.assertEqual({"1": "A"}, pickle.load(source))
        self.assertEqual([], [name for name in os.listdir(self.home) if name.startswith(".eval")])

    def test_only_broken_shards_are_dropped(self):
        folder = self.path("m", "T20261123-000000")
        os.makedirs(folder)
        for name, data in (("02_d.pkl", pickle.dumps({"a": 1})), ("12_d.pkl", b"\x80\x04cut"),
                           ("m_d_PREV.pkl", b""), ("m_d_judge_result.pkl", b"cut")):
            with open(os.path.join(folder, name), "wb") as out:
                out.write(data)
        self.assertEqual(["12_d.pkl", "m_d_PREV.pkl"],
                         sorted(shards.drop_broken(self.path("m"))))
        self.assertEqual(["02_d.pkl", "m_d_judge_result.pkl"], sorted(os.listdir(folder)))

    def test_the_live_shard_is_found_in_the_loop(self):
        live = shards.LiveShard()
        path = self.path("02_d.pkl")

        def generate():
            live.find()

        def infer_data():
            res, out_file = {"1": "A"}, path
            generate()
            return res, out_file

        infer_data()
        self.assertEqual(1, live.flush())
        self.assertTrue(os.path.exists(path))
        live.clear()
        self.assertEqual(0, live.flush())


class SmallThingsTest(Container):

    def test_names_are_safe_and_apart(self):
        self.assertEqual("MMBench_DEV_EN", safe_name("MMBench_DEV_EN"))
        self.assertNotEqual(safe_name("a/b"), safe_name("a_b"))
        self.assertNotIn("/", safe_name("../x"))
        self.assertNotIn(safe_name(".."), ("..", "."))

    def test_json_that_cannot_be_trusted_is_none(self):
        self.assertIsNone(read_json(self.path("none")))
        self.assertIsNone(read_json(self.write("{", "cut.json")))
        self.assertIsNone(read_json(self.write("[1]", "big.json"), 2))
        self.assertIsNone(read_json(self.write("[" * 100000, "deep.json")))

    def test_a_write_replaces_whole(self):
        path = self.path("file")
        write_atomically(path, "one")
        write_atomically(path, b"two")
        with open(path) as source:
            self.assertEqual("two", source.read())

    def test_a_folder_is_locked_for_one(self):
        first, second = FolderLock(self.home), FolderLock(self.home)
        self.assertTrue(first.acquire(Stop(), 0))
        self.assertFalse(second.acquire(Stop(), 0))
        first.release()
        self.assertTrue(second.acquire(Stop(), 0))
        second.release()

    def test_tables_are_counted_by_rows_not_lines(self):
        path = self.write('index\tquestion\n0\t"two\nlines"\n1\tq\n', "t.tsv")
        self.assertEqual(2, datasets.count_rows(path))
        self.assertEqual(["index", "question"], datasets.read_header(path))


class VintageTest(Container):

    def test_the_catalogue_is_read_as_text(self):
        self.write("import torch_does_not_exist\n"
                   "series = {'A-1B': partial(vlm.Alpha, model_path='org/a', n=1),\n"
                   "          'B': partial(Beta, weights()), 'C': other}\n", "vlmeval", "config.py")
        self.write("def get_gpu_memory(): pass\nclass Alpha:\n    pass\n",
                   "vlmeval", "vlm", "alpha", "model.py")
        found = vintage.Vintage(self.path("vlmeval"), "", None, "", frozenset(), frozenset(), None)
        entry = vintage.catalogue_entry(found, "A-1B")
        self.assertEqual(("Alpha", "org/a"), (entry.class_name, entry.model_path))
        self.assertEqual("", vintage.catalogue_entry(found, "B").model_path)
        self.assertIsNone(vintage.catalogue_entry(found, "C"))
        self.assertTrue(vintage.needs_driver_tool(found, "Alpha"))
        self.assertFalse(vintage.needs_driver_tool(found, "Beta"))


if __name__ == "__main__":
    unittest.main()
