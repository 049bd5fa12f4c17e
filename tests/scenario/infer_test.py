"""Model calls through the real binary, against the fake provider: with and without a server."""
import json
import subprocess
import sys

import harness
from harness import LIMIT, get

FAKE_PROVIDER = sys.argv[3]
QUESTION = "Name three common causes of flaky tests."


class Infer(harness.Case):
    def setUp(self):
        super().setUp()
        script = self.home / "script.json"
        script.write_text("[]")
        self.log = self.home / "calls.log"
        self.provider = subprocess.Popen([FAKE_PROVIDER, script, self.log], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.running.append(self.provider)
        port = self.provider.stdout.readline().strip()
        for name in ("GROQ_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"):
            self.environment.pop(name, None)
        self.environment.update({
            "GROQ_API_KEY": "key-of-a-test", "TACIT_GROQ_URL": f"http://127.0.0.1:{port}/openai/v1",
            "TACIT_DEVELOPER": "ada"})

    def rules(self, *rules):
        self.provider.stdin.write(json.dumps(rules) + "\n")
        self.provider.stdin.flush()
        self.assertEqual(self.provider.stdout.readline().strip(), "taken")

    def calls(self):
        return self.log.read_text().count('"event":"arrived"') if self.log.exists() else 0

    def test_a_call_without_a_server_is_paid_and_shown(self):
        answer = self.tacit_json("infer", QUESTION)
        self.assertEqual(answer["provider"], "groq")
        budget = self.tacit_json("budget")
        self.assertEqual(budget["spent_usd"], answer["cost_usd"])
        self.assertEqual(budget["held_usd"], "0.00")
        rows = self.tacit_json("usage", "--by", "operation")["rows"]
        self.assertEqual([row["key"] for row in rows], ["infer"])

    def test_a_stream_tells_the_same_with_and_without_a_server(self):
        alone = self.tacit("infer", "--stream", QUESTION).stdout
        process, url = self.serve()
        served = self.tacit("infer", "--stream", QUESTION).stdout
        self.stop(process)
        self.assertEqual(served, alone)
        self.assertTrue(alone.strip())

    def test_the_server_repeats_what_it_knows_for_nothing(self):
        process, url = self.serve()
        first = self.tacit_json("infer", QUESTION)
        again = self.tacit_json("infer", QUESTION)
        self.assertEqual((first["cached"], again["cached"]), (False, True))
        self.assertEqual(first["text"], again["text"])
        self.assertEqual(self.calls(), 1)
        self.assertEqual(self.tacit_json("budget")["spent_usd"], first["cost_usd"])
        self.stop(process)

    def test_a_secret_never_leaves_and_the_refusal_is_clear(self):
        secret = "DB_PASSWORD=Xk29" + "vQw7Zr41Lm"
        refused = self.tacit("infer", "Why does login fail with " + secret + "?", expect=4)
        self.assertIn("local", refused.stderr)
        self.assertEqual(self.calls(), 0)

    def test_a_server_that_is_stopped_amid_an_answer_settles_the_call(self):
        self.rules({"fault": "stall", "at_piece": 2})
        process, url = self.serve()
        asking = self.start("infer", "--stream", QUESTION)
        self.assertTrue(asking.stdout.read(1))  # the first piece is here
        self.stop(process)
        asking.communicate(timeout=LIMIT)
        self.assertNotEqual(asking.returncode, 0)
        self.assertEqual(self.tacit_json("budget")["held_usd"], "0.00")

    def test_each_line_of_a_file_is_asked_and_one_that_fails_stops_no_other(self):
        requests = [{"prompt": f"Name {n} causes of flaky tests."} for n in range(25)]
        lines = [json.dumps(request) for request in requests]
        lines[7] = "{\"promt\": \"a misspelt field\"}"
        lines.insert(3, "")
        (self.home / "requests.jsonl").write_text("\n".join(lines))
        for serves in (False, True):
            process = self.serve()[0] if serves else None
            done = self.tacit("infer", "--each", self.home / "requests.jsonl", expect=3)
            told = {one["line"]: one for one in map(json.loads, done.stdout.splitlines())}
            self.assertEqual(sorted(told), [n for n in range(1, 27) if n != 4])
            self.assertEqual([n for n in told if "error" in told[n]], [9])
            self.assertIn("promt", told[9]["error"]["message"])
            self.assertIn("24 answered, 1 failed", done.stderr)
            if process:
                self.stop(process)
        self.assertEqual(self.calls(), 24)  # the second time nothing is paid

    def questions(self, count):
        file = self.home / "requests.jsonl"
        file.write_text("\n".join(json.dumps({"prompt": f"Name {n} causes of flaky tests."}) for n in range(count)))
        return file

    def await_call(self, path):
        """Reads the provider's log until a call to this path has arrived."""
        self.log.touch()
        tail = subprocess.Popen(["tail", "-n", "+1", "-f", self.log], text=True, stdout=subprocess.PIPE)
        self.running.append(tail)
        for line in tail.stdout:
            event = json.loads(line)
            if event["event"] == "arrived" and event["path"].endswith(path):
                return

    def test_a_batch_is_sent_waited_for_and_paid_once(self):
        sent = self.tacit_json("infer", "--each", self.questions(3), "--batch")
        self.assertEqual((sent["state"], sent["waiting"]), ("running", 3))
        self.assertEqual(self.tacit_json("budget")["held_usd"], sent["held_usd"])
        for _ in range(2):
            done = self.tacit("batch", sent["id"], "--wait")
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual([line["line"] for line in lines], [1, 2, 3])
            self.assertTrue(all(line["answer"]["text"] for line in lines))
            self.assertIn("3 answered", done.stderr)
        budget = self.tacit_json("budget")
        self.assertEqual(budget["held_usd"], "0.00")
        self.assertEqual(self.tacit_json("batch")["batches"][0]["cost_usd"], budget["spent_usd"])
        self.assertEqual(self.log.read_text().count('"path":"/openai/v1/batches"'), 1)

    def test_a_server_that_is_killed_goes_on_with_its_batches(self):
        process, url = self.serve()
        sent = self.tacit_json("infer", "--each", self.questions(2), "--batch")
        process.kill()
        process.communicate(timeout=LIMIT)
        process, url = self.serve()
        done = self.tacit_json("batch", sent["id"], "--wait")
        self.assertEqual((done["state"], done["answered"]), ("ended", 2))
        budget = self.tacit_json("budget")
        self.assertEqual((budget["spent_usd"], budget["held_usd"]), (done["cost_usd"], "0.00"))
        self.stop(process)

    def test_a_process_killed_while_it_sends_a_batch_has_spent_its_holds_and_sends_no_other(self):
        self.rules({"path": "/batches", "fault": "hang"})
        sending = self.start("infer", "--each", self.questions(2), "--batch")
        self.await_call("/batches")
        sending.kill()
        sending.communicate(timeout=LIMIT)
        budget = self.tacit_json("budget")
        self.assertEqual(budget["held_usd"], "0.00")
        self.assertNotEqual(budget["spent_usd"], "0.00")
        batch = self.tacit_json("batch")["batches"][0]
        self.assertEqual((batch["state"], batch["failed"], batch["cost_usd"]), ("ended", 2, budget["spent_usd"]))
        self.tacit("batch", batch["id"], expect=3)
        self.assertEqual(self.log.read_text().count('"path":"/openai/v1/batches"'), 1)

    def test_events_come_over_rest_when_they_are_accepted(self):
        process, url = self.serve()
        status, body = get(url + "/v1/infer", {"Content-Type": "application/json", "Accept": "text/event-stream"},
                           json.dumps({"prompt": QUESTION}).encode())
        self.assertEqual(status, 200)
        self.assertIn("event: text\ndata: {\"text\":", body)
        self.assertIn("event: answer\n", body)
        self.stop(process)


harness.main()
