"""MCP against the official programs. usage: mcp_test.py TACIT FIXTURE SOURCE_DIR; exit 77 (skipped) without npm.

The clients (v1 and v2 of the SDK), the inspector and the conformance suite talk to a real `tacit serve` and `tacit mcp`, and
the suite also to FIXTURE, the same endpoint with the tools that the suite calls.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from browser import LIMIT, Site
from node import Missing, Node

TACIT, FIXTURE, ROOT = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
TOOLS = ["memory_search", "memory_get", "memory_status"]

# What the suite asks of a server in each revision, and which of it concerns a server of tools alone.
ABOUT_TOOLS = {
    "2025-11-25": {"server-initialize", "ping", "tools-list", "tools-call-simple-text", "tools-call-image", "tools-call-audio",
                   "tools-call-embedded-resource", "tools-call-mixed-content", "tools-call-error", "json-schema-2020-12",
                   "dns-rebinding-protection"},
    "2026-07-28": {"server-stateless", "tools-list", "tools-call-simple-text", "tools-call-image", "tools-call-audio",
                   "tools-call-embedded-resource", "tools-call-mixed-content", "tools-call-error", "json-schema-2020-12",
                   "server-sse-multiple-streams", "dns-rebinding-protection", "http-header-validation"},
}
# Of those, the ones that need none of the suite's own tools run against the product as well.
WITHOUT_FIXTURES = {"server-initialize", "ping", "tools-list", "server-sse-multiple-streams", "dns-rebinding-protection",
                    "http-header-validation"}
# The rest of the suite is about what Tacit does not offer: resources, prompts, sampling, sessions and the like.
NOT_OFFERED = ("server-sse-multiple-streams", "resources-", "prompts-", "logging-", "completion-", "elicitation-", "input-required-", "tasks-", "sep-2164-",
               "sep-2640-", "tools-call-with-logging", "tools-call-with-progress", "tools-call-sampling", "tools-call-elicitation",
               "server-sse-polling", "server-session-lifecycle", "caching", "http-custom-header-server-validation")


class Mcp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(TACIT, ROOT / "samples").__enter__()
        cls.url = cls.site.url + "/mcp"
        cls.fixture = subprocess.Popen([FIXTURE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.fixture_url = cls.fixture.stdout.readline().split()[-1] + "/mcp"

    @classmethod
    def tearDownClass(cls):
        cls.site.__exit__()
        cls.fixture.stdin.close()
        assert cls.fixture.wait(LIMIT) == 0
        cls.fixture.stdout.close()

    def test_the_official_clients_are_served_in_both_eras_over_both_transports(self):
        done = NODE.run("mcp_client.mjs", self.url, TACIT, self.site.data[1], environment=self.site.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        answers = json.loads(done.stdout)
        self.assertEqual(len(answers), 5)
        for client, answer in answers.items():
            with self.subTest(client):
                self.assertEqual(answer["server"], "tacit")
                self.assertEqual(answer["tools"], TOOLS)
                self.assertGreater(answer["hits"], 0)
                self.assertTrue(answer["record"])
                self.assertGreater(answer["items"], 0)
                self.assertTrue(answer["wrong"])
                self.assertEqual(answer["unknown"], -32602)

    def inspect(self, *arguments):
        done = NODE.run("inspector", "--cli", *arguments, environment=self.site.environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def test_the_inspector_lists_and_calls_the_tools_over_http_and_stdio(self):
        stdio = [TACIT, "mcp", *self.site.data]
        for target in ([self.url, "--transport", "http"], stdio):
            for era in ("legacy", "modern"):
                with self.subTest(target=target[0], era=era):
                    listed = self.inspect(*target, "--protocol-era", era, "--method", "tools/list")
                    self.assertEqual([tool["name"] for tool in listed["tools"]], TOOLS)
                    called = self.inspect(*target, "--protocol-era", era, "--method", "tools/call", "--tool-name", "memory_search",
                                          "--tool-arg", "query=webhook")
                    self.assertTrue(called["structuredContent"]["hits"])

    def conformance(self, url, revision):
        """Scenario -> its checks."""
        with tempfile.TemporaryDirectory() as folder:
            NODE.run("conformance", "server", "--url", url, "--requirements", revision, "--timeout", "10000", "-o", folder)
            return {re.match(r"server-(.+)-\d{4}-\d\d-\d\dT", file.parent.name).group(1): json.loads(file.read_text())
                    for file in pathlib.Path(folder).rglob("checks.json")}

    def test_the_conformance_suite_finds_nothing_in_what_concerns_tools(self):
        for revision, about_tools in ABOUT_TOOLS.items():
            for url, expected in ((self.fixture_url, about_tools), (self.url, about_tools & WITHOUT_FIXTURES)):
                with self.subTest(revision=revision, url=url):
                    found = self.conformance(url, revision)
                    passed = 0
                    for name in sorted(expected):
                        bad = [check for check in found[name] if check["status"] in ("FAILURE", "WARNING")]
                        self.assertEqual(bad, [], f"{name}: {json.dumps(bad)[:2000]}")
                        passed += sum(check["status"] == "SUCCESS" for check in found[name])
                    others = set(found) - about_tools
                    self.assertEqual({name for name in others if not name.startswith(NOT_OFFERED)}, set(), "the suite has grown")
                    print(f"  {revision}: {len(expected)} scenarios, {passed} checks passed; {len(others)} not offered ... ", end="", flush=True)


if __name__ == "__main__":
    try:
        NODE = Node()
    except Missing as reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0]], verbosity=2)
