"""Reading the answers of prediction files, in every form that the harness writes."""
import json
import os
import shutil
import tempfile
import unittest
import zipfile

from evaljob_runner import answers

_SHEET = ('<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
          '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row>'
          '<row r="2"><c r="A2"><v>7</v></c><c r="C2" t="s"><v>2</v></c></row>'
          '<row r="3"><c r="A3"><v>8</v></c><c r="C3" t="inlineStr"><is><t>D</t></is></c></row>'
          '<row r="4"><c r="A4"><v>9</v></c></row></sheetData></worksheet>')
_STRINGS = ('<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>index</t>'
            '</si><si><t>prediction</t></si><si><r><t>two </t></r><r><t>parts</t></r></si></sst>')


class AnswersTest(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="evaljob-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def test_a_spreadsheet_with_shared_inline_and_missing_cells(self):
        path = os.path.join(self.folder, "p.xlsx")
        with zipfile.ZipFile(path, "w") as book:
            book.writestr("xl/worksheets/sheet1.xml", _SHEET)
            book.writestr("xl/sharedStrings.xml", _STRINGS)
        self.assertEqual({"7": "two parts", "8": "D", "9": ""}, answers.read(path))

    def test_tables_and_json(self):
        expected = {"1": "A", "2": "B"}
        self.assertEqual(expected, answers.read(self.write(
            "p.tsv", "index\tprediction\n1\tA\n2\tB\n")))
        for document in ([{"index": 1, "prediction": "A"}, {"index": 2, "prediction": "B"}],
                         {"columns": ["index", "prediction"], "data": [[1, "A"], [2, "B"]]},
                         {"index": {"0": 1, "1": 2}, "prediction": {"0": "A", "1": "B"}}):
            self.assertEqual(expected, answers.read(self.write("p.json", json.dumps(document))))
        self.assertEqual({"0": "A"}, answers.read(self.write("q.tsv", "prediction\nA\n")))

    def test_a_file_without_answers_is_refused(self):
        with self.assertRaises(ValueError):
            answers.read(self.write("p.tsv", "index\tanswer\n1\tA\n"))

    def test_differences_count_what_only_one_has(self):
        self.assertEqual(["2", "3"], answers.differences(
            {"1": "A", "2": "B"}, {"1": "A", "2": "C", "3": "A"}))


if __name__ == "__main__":
    unittest.main()
