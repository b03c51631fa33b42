#!/usr/bin/env python3
"""The scorer's own rules, each on a file of a few lines: `python3 score_test.py`. Exit status 0 or 1."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from scoring import Trouble
from scoring.brackets import unclosed
from scoring.counting import count
from scoring.labels import Corpus, Text, hash_of, spanned
from scoring.reports import labelled
from scoring.rewritten import check_tree

# Line 2 has a finding and a decoy, line 3 two findings, lines 5 to 7 one finding.
SOURCE = "\n".join(["# staging", 'one = "walnut-9" # b', 'two = "plum-tree", "elm-grove"', "d = 1", "BEGIN", "xyz", "END"]) + "\n"


def label(line, column, end_column, end_line=None, **more):
    return {"line": line, "column": column, "end_line": end_line or line, "end_column": end_column, "key": "one", "kind": "password",
            "severity": "high", "fixable": True, **more}


FINDINGS = [label(2, 8, 16), label(3, 8, 17, key="two", weak=True), label(3, 21, 30, key="two"), label(5, 1, 4, end_line=7)]
DECOYS = [{"line": 2, "column": 20, "end_line": 2, "end_column": 21, "reason": "a name"}]


class Case(unittest.TestCase):
    def corpus(self, text=SOURCE, findings=FINDINGS, syntax="conf"):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        (root / "f").write_bytes(text.encode())
        return Corpus(root, {"f": {"file": "f", "family": "x", "syntax": syntax, "findings": findings, "decoys": DECOYS}})


class Counting(Case):
    def check(self, places, strict, hit, right, false, ignore=()):
        reports = [{"file": "f", "line": place[0], **dict(zip(("column", "end_column"), place[1:]))} for place in places]
        score = count(self.corpus(), reports, ignore, strict).total()
        self.assertEqual((score.hit, score.right, score.false), (hit, right, false))

    def test_a_line_hits_all_that_it_holds_and_counts_once(self):
        self.check([(3,), (3,)], False, hit=2, right=1, false=0)

    def test_the_lines_of_one_finding_count_once(self):
        self.check([(5,), (6,), (7,)], False, hit=1, right=1, false=0)

    def test_a_line_without_a_finding_is_false(self):
        self.check([(1,), (4,)], False, hit=0, right=0, false=2)

    def test_a_decoy_beside_a_finding_is_false_by_column_alone(self):
        self.check([(2, 20, 21)], False, hit=1, right=1, false=0)
        self.check([(2, 20, 21)], True, hit=0, right=0, false=1)

    def test_by_column_one_report_hits_one_finding(self):
        self.check([(3, 1, 40)], True, hit=1, right=1, false=0)
        self.check([(3, 1, 40), (3, 1, 41)], True, hit=2, right=2, false=0)

    def test_a_second_report_is_neither_right_nor_false(self):
        self.check([(2, 8, 16), (2, 9, 11), (2, 8, 16)], True, hit=1, right=1, false=0)

    def test_a_finding_of_several_lines_is_hit_in_any(self):
        self.check([(6, 2)], True, hit=1, right=1, false=0)
        self.check([(7, 4, 9)], True, hit=0, right=0, false=1)

    def test_what_is_left_out_is_neither_missed_nor_false(self):
        self.check([(3, 8, 17)], True, hit=0, right=0, false=0, ignore=["weak"])

    def test_a_report_without_a_column_is_no_strict_one(self):
        with self.assertRaises(Trouble):
            self.check([(2,)], True, hit=0, right=0, false=0)


class Places(Case):
    def test_spans_count_code_points_and_skip_mark_and_cr(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write("\ufeffschlüssel = 🔑geheim\r\nende\r\n".encode())
            file.flush()
            text = Text.read(Path(file.name))
        self.assertTrue(text.marked)
        self.assertEqual(spanned(text.lines, label(1, 13, 20)), "🔑geheim")
        self.assertEqual(spanned(text.lines, label(1, 20, 3, end_line=2)), "\nen")

    def test_another_file_than_the_labelled_one_is_refused(self):
        corpus = self.corpus()
        (corpus.root / "labels.json").write_text('{"files": [{"file": "f", "sha256": "%s"}]}' % hash_of(b"other"))
        with self.assertRaises(Trouble):
            Corpus.load(corpus.root / "labels.json", None, "")

    def test_a_scanner_may_name_a_file_from_elsewhere(self):
        files = {"a/f": {}, "f": {}}
        self.assertEqual([labelled(name, files) for name in ("a/f", "/tmp/x/a/f", "./f", "b\\f", "xf")], ["a/f", "a/f", "f", "f", None])


class Rewritten(Case):
    FIXED = SOURCE.replace("walnut-9", "${A}").replace("plum-tree", "${B}").replace("elm-grove", "${C}").replace("BEGIN\nxyz\nEND", "${D}")

    def check(self, text, fault=None, syntax="conf", source=SOURCE, findings=FINDINGS):
        corpus = self.corpus(source, findings, syntax)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "f").write_bytes(text.encode())
            faults = check_tree(corpus, Path(folder), {}).wrong.get("f", [])
        if fault is None:
            self.assertEqual(faults, [])
        else:
            self.assertTrue(any(fault in each for each in faults), faults)

    def test_all_values_gone_and_all_else_there(self):
        self.check(self.FIXED)

    def test_what_is_wrong_is_said(self):
        for text, fault in [(SOURCE, "one is still in the file"), (self.FIXED.replace("# staging\n", ""), "lost or moved"),
                            (self.FIXED.replace("d = 1", "  d = 1"), "indentation changed"), (self.FIXED.replace("# b", ""), "a decoy was changed"),
                            (self.FIXED.replace("\n", "\r\n"), "line ends changed"), ("\ufeff" + self.FIXED, "byte-order mark"),
                            (self.FIXED.replace('two = "${B}", "${C}"', ""), "set fewer times")]:
            with self.subTest(fault):
                self.check(text, fault)

    def test_a_file_without_anything_fixable_stays(self):
        findings = [{**finding, "fixable": False} for finding in FINDINGS]
        self.check(SOURCE, findings=findings)
        self.check(SOURCE + "\n", "nothing in it is fixable", findings=findings)

    def test_json_and_hcl_must_parse(self):
        self.check("{", "does not parse", syntax="json", source="{}", findings=[])
        self.check("a {", "does not parse", syntax="hcl2", source="a {}", findings=[])

    def test_what_does_not_close_in_hcl(self):
        for text in ("a {}", 'a = "{ ${b["}"]} \\" {"', "a = <<E\n{\n  E\n", "# {\n// {\n/* { */", 'a = "$${"'):
            self.assertIsNone(unclosed(text), text)
        for text in ("a {", "a }", "a = [)", 'a = "b', "a = <<E\nF\n", "/* "):
            self.assertIsNotNone(unclosed(text), text)


if __name__ == "__main__":
    unittest.main()
