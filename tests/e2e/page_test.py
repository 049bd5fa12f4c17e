"""Accessibility and hostile text, on the page of a real `tacit serve`. usage: page_test.py TACIT SOURCE_DIR; exit 77 (skipped)
without Chromium or npm."""
import json
import pathlib
import sys
import tempfile
import unittest
import urllib.parse

import hostile
from browser import Site, find_chromium
from node import Missing, Node

TACIT, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
ANNOYING = ("serious", "critical")


def walk(what, site, views):
    done = NODE.run("page_check.mjs", what, site.url, find_chromium(), timeout=900, stdin=json.dumps(views))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pages(site, kind):
    """All entries of /v1/items or /v1/sessions."""
    rows, before = [], ""
    while before is not None:
        page = site.get(f"/v1/{kind}?limit=200" + (f"&before={before}" if before else ""))
        rows, before = rows + page[kind], page["next"]
    return rows


class Accessibility(unittest.TestCase):
    def test_no_view_has_serious_findings_in_light_or_dark_wide_or_narrow(self):
        with Site(TACIT, ROOT / "samples") as site:
            session = pages(site, "sessions")[0]["id"]
            exchange = site.get("/v1/sessions/" + session)["exchanges"][0]["id"]
            question = urllib.parse.quote((ROOT / "samples" / "QUESTION").read_text().strip())
            views = ["/", f"/?q={question}", "/?q=qqxyzzy&mode=text", "/?view=items", "/?view=sessions", "/?id=" + pages(site, "items")[0]["id"],
                     "/?id=" + exchange, "/?id=" + session, "/?id=k000000000001"]
            answer = walk("axe", site, views)
        self.assertEqual(answer["runs"], len(views) * 4)
        mild = [one for one in answer["found"] if one["impact"] not in ANNOYING]
        print(f"  {answer['runs']} runs, {len(mild)} mild findings {sorted({one['id'] for one in mild})} ... ", end="", flush=True)
        self.assertEqual([one for one in answer["found"] if one["impact"] in ANNOYING], [])


class Hostile(unittest.TestCase):
    def test_three_hundred_hostile_texts_stay_texts(self):
        with tempfile.TemporaryDirectory() as folder:
            count = hostile.write_transcripts(pathlib.Path(folder))
            self.assertGreaterEqual(count, 300)
            with Site(TACIT, folder) as site:
                self.look(site, count)

    def look(self, site, count):
        sessions, items = pages(site, "sessions"), pages(site, "items")
        exchanges = [exchange["id"] for session in sessions for exchange in site.get("/v1/sessions/" + session["id"])["exchanges"]]
        self.assertEqual(len(exchanges), count)
        self.assertGreater(len(items), 100)
        shown = exchanges + [item["id"] for item in items] + [session["id"] for session in sessions]
        views = ["/", "/?view=items", "/?view=sessions", "/?q=zebrafish&mode=text", "/?q=plan+queue&kind=item&mode=text"]
        views += ["/?id=" + one for one in shown]
        views += ["/?q=" + urllib.parse.quote(text.decode("utf-8", "replace").replace("\0", "")[:200]) + "&mode=text" for text in hostile.texts()[::10]]
        views += ["/?id=" + urllib.parse.quote(text.decode("utf-8", "replace").replace("\0", "")[:200]) for text in hostile.texts()[::30]]
        answer = walk("hostile", site, views)
        for name, walked in answer.items():
            with self.subTest(name):
                self.assertEqual(walked["strange"], [])
                self.assertEqual(walked["found"], [])
        for exchange in exchanges:  # nothing is swallowed: what is stored is what is read
            text = answer["guarded"]["texts"]["/?id=" + exchange]
            for step in site.get("/v1/exchanges/" + exchange)["steps"]:
                self.assertIn(step["text"][:1000], text)
        print(f"  {len(exchanges)} exchanges, {len(items)} items, {len(sessions)} sessions in {len(views)} views, twice ... ", end="", flush=True)


if __name__ == "__main__":
    if find_chromium() is None:
        print("skipped: there is no chromium on this machine (apt-get install chromium)")
        sys.exit(77)
    try:
        NODE = Node()
    except Missing as reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0]], verbosity=2)
