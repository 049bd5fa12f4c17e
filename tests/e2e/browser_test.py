"""The web page in a real browser. usage: browser_test.py TACIT SOURCE_DIR; exit 77 (skipped) without Chromium."""
import html
import pathlib
import re
import sys
import tempfile
import unittest
import urllib.parse

from browser import Site, find_chromium

TACIT = sys.argv[1]
ROOT = pathlib.Path(sys.argv[2])
HOSTILE = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<svg/onload=document.title='owned'>",
    "\"><iframe src=javascript:alert(1)>",
    "<style>body{display:none}</style>",
    "{{constructor.constructor('document.title=1')()}}",
    "<a href=\"javascript:document.title='owned'\">click</a>",
    "</bdi></main><form action=https://evil.example>",
]


def text_of(dom):
    """What a reader sees, more or less."""
    return html.unescape(re.sub(r"<[^>]*>", " ", dom))


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(TACIT, ROOT / "samples").__enter__()
        cls.question = (ROOT / "samples" / "QUESTION").read_text().strip()
        cls.asked = "/?q=" + urllib.parse.quote(cls.question)

    @classmethod
    def tearDownClass(cls):
        cls.site.__exit__()
        assert cls.site.status == 0, "the server did not stop cleanly"

    def test_the_start_page_shows_what_was_learned(self):
        dom = self.site.dom("/")
        self.assertIn("What the sessions taught", text_of(dom))
        self.assertIn('href="/?id=k', dom)
        self.assertRegex(text_of(dom), r"\d+ items")

    def test_a_search_shows_results_with_their_explanation(self):
        for mode in ("hybrid", "text"):
            dom = self.site.dom(f"{self.asked}&mode={mode}")
            text = text_of(dom)
            self.assertIn("Why this result", text)
            self.assertIn("BM25", text)
            self.assertRegex(text, r"\d+ results? in \d+ ms")
            self.assertIn("<meter", dom)
            self.assertIn("retry webhooks", re.sub(r"\s+", " ", text))

    def test_a_search_without_results_says_what_to_do(self):
        self.assertIn("No results", text_of(self.site.dom("/?q=qqxyzzy&mode=text")))

    def test_an_item_shows_its_evidence_and_counts_as_used(self):
        item = self.site.get("/v1/items?limit=1")["items"][0]
        text = text_of(self.site.dom("/?id=" + item["id"]))
        for expected in ("Evidence", item["title"], item["statement"], "Open the exchange"):
            self.assertIn(expected, text)
        self.assertEqual(self.site.get("/v1/items/" + item["id"])["uses"], item["uses"] + 1)

    def test_sessions_lead_to_their_exchanges(self):
        row = self.site.get("/v1/sessions?limit=1")["sessions"][0]
        self.assertIn("/?id=" + row["id"], self.site.dom("/?view=sessions"))
        session = self.site.get("/v1/sessions/" + row["id"])
        exchange = session["exchanges"][0]["id"]
        self.assertIn("/?id=" + exchange, self.site.dom("/?id=" + row["id"]))
        self.assertIn("Request", text_of(self.site.dom("/?id=" + exchange)))

    def test_an_unknown_id_is_a_clear_message(self):
        self.assertIn("nothing has the id", text_of(self.site.dom("/?id=k000000000001")))

    def test_hostile_text_is_shown_and_never_run(self):
        steps = [{"kind": "request", "text": "zebrafish " + " ".join(HOSTILE)}]
        steps += [{"kind": "reply", "text": payload} for payload in HOSTILE]
        steps += [{"kind": "call", "tool": HOSTILE[0], "text": HOSTILE[1]}]
        event = {"type": "exchange", "session": {"agent": HOSTILE[0], "native_id": "h", "title": HOSTILE[1], "project": "/p/" + HOSTILE[2]},
                 "exchange": {"identity": "hostile", "model": HOSTILE[0], "steps": steps}}
        self.assertEqual(self.site.post("/v1/events", {"events": [event]})["exchanges"], 1)
        hit = self.site.get("/v1/search?mode=text&q=zebrafish")["hits"][0]
        views = ["/?q=zebrafish&mode=text", "/?id=" + hit["id"], "/?id=" + hit["session"], "/?view=sessions",
                 "/?q=" + urllib.parse.quote(HOSTILE[1]), "/?id=" + urllib.parse.quote(HOSTILE[0])]
        for view in views:
            dom = self.site.dom(view)
            title = re.search(r"<title>(.*?)</title>", dom, re.S).group(1)
            self.assertNotEqual(title, "owned", view)
            for tag in ("<img src=\"x\"", "<iframe", "<svg", "<style", "onerror=", "href=\"javascript:"):
                self.assertNotIn(tag, re.sub(r">[^<]*<", "><", dom).replace("&quot;", ""), f"{tag} in {view}")
            self.assertEqual(dom.count("<script"), 1, view)
        shown = text_of(self.site.dom("/?id=" + hit["id"]))
        for payload in HOSTILE:
            self.assertIn(payload, shown)

    def test_another_page_gets_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            stranger = pathlib.Path(folder) / "stranger.html"
            stranger.write_text(f"""<title>waiting</title><script>
              fetch('{self.site.url}/v1/items').then(r => r.text()).then(t => document.title = 'got ' + t, () => document.title = 'refused');
              </script><iframe src="{self.site.url}/"></iframe>""")
            dom = self.site.dom(stranger.as_uri())
        self.assertIn("<title>refused</title>", dom)


class EmptyPage(unittest.TestCase):
    def test_an_empty_memory_says_how_to_fill_it(self):
        with Site(TACIT) as site:
            self.assertIn("tacit import --found", text_of(site.dom("/")))
            self.assertIn("tacit import --found", text_of(site.dom("/?view=sessions")))


if __name__ == "__main__":
    if find_chromium() is None:
        print("skipped: there is no chromium on this machine (apt-get install chromium)")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0]], verbosity=2)
