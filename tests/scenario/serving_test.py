"""Scenarios with a server: life cycle, HTTP, a client beside it, MCP."""
import json
import signal
import socket
import urllib.request

from harness import SAMPLES, Case, get, main


class Serving(Case):
    def test_serves_and_stops_on_both_signals(self):
        self.tacit("import", SAMPLES)
        for how in (signal.SIGTERM, signal.SIGINT):
            process, url = self.serve()
            self.assertEqual(get(url + "/health")[0], 200)
            self.assertEqual(get(url + "/ready")[0], 200)
            self.assertIn("stopped", self.stop(process, how))

    def test_a_busy_port_is_one_clear_line(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = self.tacit("serve", "--listen", f"127.0.0.1:{port}", expect=1)
        self.assertIn(str(port), done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)

    def test_a_second_instance_names_the_first(self):
        process, url = self.serve()
        done = self.tacit("serve", "--listen", "127.0.0.1:0", expect=1)
        self.assertIn(str(process.pid), done.stderr)
        self.assertIn(url, done.stderr)
        self.stop(process)

    def test_importing_beside_a_server_goes_through_it(self):
        process, url = self.serve()
        report = self.tacit_json("import", SAMPLES)
        self.assertGreater(report["exchanges"], 0)
        self.assertEqual(self.tacit_json("import", SAMPLES)["exchanges"], 0)
        hits = json.loads(get(url + "/v1/search?q=webhook&mode=text")[1])["hits"]
        self.assertGreater(len(hits), 0)
        self.assertGreater(len(self.tacit_json("search", "webhook", "--mode", "text")["hits"]), 0)
        self.stop(process)
        self.assertEqual(self.tacit_json("status")["counts"]["exchanges"], report["exchanges"])

    def test_rest_answers_searches_items_and_sessions(self):
        self.tacit("import", SAMPLES)
        process, url = self.serve()
        items = json.loads(get(url + "/v1/items")[1])["items"]
        self.assertGreater(len(items), 0)
        item = json.loads(get(f"{url}/v1/items/{items[0]['id']}")[1])
        self.assertGreater(len(item["evidence"]), 0)
        self.assertGreater(len(json.loads(get(url + "/v1/sessions")[1])["sessions"]), 0)
        status, body = get(url + "/v1/items/k000000000001")
        self.assertEqual((status, json.loads(body)["error"]["kind"]), (404, "not_found"))
        self.assertEqual(get(url + "/v1/search")[0], 400)
        self.assertIn("tacit_http_requests", get(url + "/metrics")[1])
        self.stop(process)

    def test_strangers_are_refused(self):
        process, url = self.serve()
        self.assertEqual(get(url + "/v1/items", {"Host": "evil.example"})[0], 403)
        self.assertEqual(get(url + "/v1/items", {"Origin": "https://evil.example"})[0], 403)
        self.assertEqual(get(url + "/v1/items", {"Origin": "null"})[0], 403)
        self.assertEqual(get(url + "/v1/items", {"Origin": url})[0], 200)
        self.stop(process)

    def test_events_are_acknowledged_once(self):
        process, url = self.serve()
        event = {"events": [{"type": "exchange",
                             "session": {"agent": "my-agent", "native_id": "s1", "title": "t", "project": "/p"},
                             "exchange": {"identity": "e1", "steps": [{"kind": "request", "text": "why so?"},
                                                                      {"kind": "reply", "text": "because of frobnication"}]}}]}
        body = json.dumps(event).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": "one"}
        first = json.loads(get(url + "/v1/events", headers, body)[1])
        self.assertEqual(first["exchanges"], 1)
        later = json.loads(get(url + "/v1/events", {"Content-Type": "application/json"}, body)[1])
        self.assertEqual(later["exchanges"], 0)
        self.assertEqual(get(url + "/v1/events", headers | {"Idempotency-Key": "x"}, b"[[[")[0], 400)
        process.kill()  # acknowledged means durable
        process.communicate()
        self.assertEqual(len(self.tacit_json("search", "frobnication", "--mode", "text")["hits"]), 1)

    def test_sigterm_ends_a_stream_with_a_word(self):
        process, url = self.serve()
        stream = urllib.request.urlopen(url + "/v1/stream", timeout=60)
        self.assertTrue(stream.readline())
        process.send_signal(signal.SIGTERM)
        rest = stream.read().decode()
        self.assertIn("shutdown", rest)
        self.assertEqual(process.wait(60), 0)

    def test_mcp_speaks_to_an_agent_and_counts_use(self):
        self.tacit("import", SAMPLES)
        hit = next(hit for hit in self.tacit_json("search", (SAMPLES / "QUESTION").read_text().strip())["hits"] if hit["kind"] == "item")
        messages = [
            {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}},
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
            {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "memory_search", "arguments": {"query": "webhook"}}},
            {"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {"name": "memory_get", "arguments": {"id": hit["id"]}}},
            {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "memory_status", "arguments": {}}},
        ]
        done = self.tacit("mcp", stdin="".join(json.dumps(message) + "\n" for message in messages))
        answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
        self.assertEqual(sorted(answers), [1, 2, 3, 4, 5])
        self.assertEqual({tool["name"] for tool in answers[2]["result"]["tools"]}, {"memory_search", "memory_get", "memory_status"})
        self.assertFalse(answers[3]["result"].get("isError", False))
        self.assertIn(hit["id"], json.dumps(answers[4]))
        self.assertGreaterEqual(self.tacit_json("show", hit["id"])["uses"], 1)

    def test_mcp_over_http_answers_agents_and_refuses_strangers(self):
        self.tacit("import", SAMPLES)
        process, url = self.serve()
        kind = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}

        def say(message, **headers):
            return get(url + "/mcp", {**kind, **{name.replace("_", "-"): value for name, value in headers.items()}}, json.dumps(message).encode())

        status, body = say({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {}}})
        self.assertEqual((status, json.loads(body)["result"]["protocolVersion"]), (200, "2025-11-25"))
        self.assertEqual(say({"jsonrpc": "2.0", "method": "notifications/initialized"}, MCP_Protocol_Version="2025-11-25"), (202, ""))
        call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "memory_search", "arguments": {"query": "webhook"}}}
        status, body = say(call, MCP_Protocol_Version="2025-11-25")
        self.assertEqual(status, 200)
        self.assertGreater(len(json.loads(body)["result"]["structuredContent"]["hits"]), 0)
        call["params"]["_meta"] = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
        newer = {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": "tools/call", "Mcp_Name": "memory_search"}
        self.assertEqual(say(call, **newer)[0], 200)
        self.assertEqual(say(call, **{**newer, "Mcp_Name": "memory_get"})[0], 400)
        self.assertEqual(say(call, **newer, Origin="https://evil.example")[0], 403)
        self.assertEqual(say(call, **newer, Host="evil.example")[0], 403)
        self.assertEqual(say(call, **newer, Origin=url)[0], 200)
        self.assertEqual(get(url + "/mcp", {"Accept": "text/event-stream"})[0], 405)
        self.stop(process)

    def test_mcp_starts_on_an_empty_machine(self):
        done = self.tacit("mcp", stdin='{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"memory_search","arguments":{"query":"x"}}}\n')
        self.assertEqual(len(done.stdout.splitlines()), 1)


if __name__ == "__main__":
    main()
