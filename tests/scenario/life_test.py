"""Scenarios without a server: import, ask, forget, mistakes."""
import json
import signal

from harness import SAMPLES, Case, main


class Life(Case):
    def test_importing_twice_changes_nothing(self):
        first = self.tacit_json("import", SAMPLES)
        self.assertGreater(first["sessions"], 5)
        self.assertGreater(first["items_added"], 3)
        self.assertGreater(first["redactions"], 0)
        self.assertGreater(first["duplicates"], 0, "the samples hold a fork")
        second = self.tacit_json("import", SAMPLES)
        for field in ("sessions", "exchanges", "observations", "items_added", "items_reinforced", "redactions"):
            self.assertEqual(second[field], 0, field)

    def test_a_dry_run_counts_the_same_and_writes_nothing(self):
        dry = self.tacit_json("import", SAMPLES, "--dry-run")
        self.assertFalse(self.data.exists())
        real = self.tacit_json("import", SAMPLES)
        for field in ("files", "sessions", "exchanges", "duplicates", "redactions", "per_file"):
            self.assertEqual(dry[field], real[field], field)
        again = self.tacit_json("import", SAMPLES, "--dry-run")
        self.assertEqual(again["exchanges"], 0)

    def test_the_bundled_question_is_answered_with_evidence(self):
        self.tacit("import", SAMPLES)
        question = (SAMPLES / "QUESTION").read_text().strip()
        for mode in ("hybrid", "text"):
            answer = self.tacit_json("search", question, "--mode", mode, "--explain")
            self.assertGreater(len(answer["hits"]), 0)
            self.assertIn("why", answer["hits"][0])
        item = next(hit for hit in answer["hits"] if hit["kind"] == "item")
        record = self.tacit_json("show", item["id"])
        self.assertGreater(len(record["evidence"]), 0)
        quote = record["evidence"][0]["quotes"][0]["text"]
        self.assertIn(quote.split("\n")[0][:60], self.tacit("show", item["id"]).stdout)
        used = self.tacit_json("show", item["id"])
        self.assertGreaterEqual(used["uses"], 1, "showing counts as use")

    def test_no_hits_say_what_next(self):
        self.tacit("import", SAMPLES)
        answer = self.tacit_json("search", "qqxyzzy", "--mode", "text")
        self.assertEqual(answer["hits"], [])
        text = self.tacit("search", "qqxyzzy", "--mode", "text").stdout
        self.assertGreater(len(text.strip()), 20)

    def own_session(self):
        """A session of our own with words that stand nowhere else."""
        shared = {"sessionId": "5e1f0000-0000-4000-8000-000000000001", "cwd": "/home/new/zoo", "version": "2.1.50",
                  "isSidechain": False, "userType": "external", "gitBranch": "main"}
        records = [
            {"type": "user", "uuid": "u-1", "parentUuid": None, "timestamp": "2026-10-01T10:00:00.000Z", **shared,
             "message": {"role": "user", "content": "why does the zebrafishfeeder crash with quokkaoverflow?"}},
            {"type": "assistant", "uuid": "a-1", "parentUuid": "u-1", "timestamp": "2026-10-01T10:00:05.000Z", **shared,
             "message": {"id": "m-1", "role": "assistant", "model": "a-model",
                         "content": [{"type": "text", "text": "The root cause was the axolotlcounter: we decided to use "
                                      "pangolinlocks because the counter is written by two threads."}]}},
        ]
        file = self.home / "own.jsonl"
        file.write_text("".join(json.dumps(record) + "\n" for record in records))
        return file

    def test_forgetting_leaves_no_byte_and_keeps_it_out(self):
        self.tacit("import", SAMPLES)
        file = self.own_session()
        self.assertEqual(self.tacit_json("import", file)["exchanges"], 1)
        needles = [b"zebrafishfeeder", b"quokkaoverflow", b"axolotlcounter", b"pangolinlocks"]
        before = self.bytes_on_disk()
        self.assertTrue(all(needle in before for needle in needles))
        session = self.tacit_json("search", "zebrafishfeeder", "--mode", "text")["hits"][0]["session"]
        self.assertEqual(self.tacit_json("forget", "--session", session, "--dry-run")["exchanges"], 1)
        self.assertTrue(all(needle in self.bytes_on_disk() for needle in needles), "a dry run removes nothing")
        self.tacit("forget", "--session", session, "--yes")
        after = self.bytes_on_disk()
        for needle in needles:
            self.assertNotIn(needle, after)
        self.tacit("show", session, expect=1)
        file.write_text(file.read_text() + "\n")  # a changed file is read again
        again = self.tacit_json("import", file)
        self.assertEqual((again["exchanges"], again["forgotten"]), (0, 1))
        self.assertNotIn(b"zebrafishfeeder", self.bytes_on_disk())
        self.assertEqual(self.tacit_json("import", file, "--again")["exchanges"], 1)

    def test_bad_lines_are_named_and_the_rest_is_kept(self):
        sample = next((SAMPLES / "claude-code").rglob("*.jsonl")).read_text().splitlines()
        broken = self.home / "broken.jsonl"
        broken.write_text("\n".join([sample[0], '{"type":"user", oops', *sample[1:]]) + '\n{"type":"assis')
        report = self.tacit_json("import", broken, expect=3)
        self.assertGreater(report["exchanges"], 0)
        lines = [notice["line"] for notice in report["skipped"]]
        self.assertIn(2, lines)
        self.assertTrue(all(notice["reason"] for notice in report["skipped"]))

    def test_mistakes_get_one_clear_line_and_the_right_status(self):
        for arguments, status, words in (
            (["serach", "x"], 2, "did you mean"),
            (["search", "x"], 1, "tacit import"),
            (["import", "/nowhere/at/all"], 3, "nowhere"),
            (["import"], 2, "--found"),
            (["search", "x", "--mode", "psychic"], 2, "hybrid"),
            (["show", "k000000000001"], 1, "tacit search"),
            (["forget"], 2, "Name one id"),
        ):
            done = self.tacit(*arguments, expect=status)
            self.assertIn(words, done.stderr, arguments)
            self.assertLess(len(done.stderr.strip().splitlines()), 4, arguments)

    def test_a_data_folder_that_cannot_be_read_is_one_clear_line(self):
        self.data.write_text("a file where the folder should be")
        done = self.tacit("import", SAMPLES, expect=4)
        self.assertIn(str(self.data), done.stderr)

    def test_a_damaged_database_is_named_and_left_alone(self):
        self.tacit("import", SAMPLES)
        database = self.data / "tacit.db"
        damaged = b"not a database at all" + database.read_bytes()[21:]
        database.write_bytes(damaged)
        self.tacit("search", "x", expect=1)
        self.assertEqual(database.read_bytes(), damaged)

    def test_redact_masks_and_tells_where(self):
        token = "gh" + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
        text = f"push with {token} please"
        self.assertNotIn(token, self.tacit("redact", stdin=text).stdout)
        found = json.loads(self.tacit("redact", "--json", stdin=text).stdout)["found"]
        self.assertEqual([(spot["start"], spot["end"]) for spot in found], [(10, 10 + len(token))])

    def test_tokens_are_counted_or_estimated_and_it_says_which(self):
        text = "hello world\n" + json.dumps("two\nlines") + "\n\n"
        done = self.tacit("count-tokens", stdin=text)
        counts = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([count["tokens"] for count in counts], [2, 3, 0])
        self.assertEqual(counts[0]["exact"], "estimates" not in done.stderr)
        self.environment["TACIT_TOKEN_RANKS"] = str(self.home / "nowhere")
        done = self.tacit("count-tokens", stdin="hello world\n")
        self.assertFalse(json.loads(done.stdout)["exact"])
        self.assertIn("tools/assets fetch", done.stderr)
        self.assertIn("tools/assets fetch", self.tacit("count-tokens", "--ids", expect=1, stdin="x\n").stderr)
        self.tacit("count-tokens", "--encoding", "p50k_base", expect=2)
        self.tacit("count-tokens", "--model", "gpt-99", expect=1)

    def test_configuration_says_where_values_come_from(self):
        self.environment["TACIT_THREADS"] = "2"
        shown = self.tacit("config", "show", "--origin", "--log-level", "warn").stdout
        self.assertIn('threads = "2"  # environment TACIT_THREADS', shown)
        self.assertIn('log_level = "warn"  # flag --log-level', shown)

    def test_an_interrupted_import_goes_on_where_it_stopped(self):
        whole = self.tacit_json("import", SAMPLES, "--dry-run")
        process = self.start("import", SAMPLES)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
        counted = self.tacit_json("import", SAMPLES)
        stored = self.tacit_json("status")["counts"]["exchanges"]
        self.assertEqual(stored, whole["exchanges"])
        self.assertLessEqual(counted["exchanges"], whole["exchanges"])


if __name__ == "__main__":
    main()
