"""Drives the real binary as a user would. No fixed ports, no sleeps: it waits for lines and exits."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

TACIT = sys.argv[1]
ROOT = pathlib.Path(sys.argv[2])
SAMPLES = ROOT / "samples"
LIMIT = 120  # seconds for one command, far above what any needs


class Case(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="tacit-scenario-"))
        self.data = self.home / "data"
        self.environment = {**os.environ, "HOME": str(self.home), "TACIT_DATA_DIR": str(self.data)}
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME"):
            self.environment.pop(name, None)
        # Without the home of the machine's user the model is found through its own variable.
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        self.environment.setdefault("XDG_CACHE_HOME", cache)
        self.running = []

    def tearDown(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        shutil.rmtree(self.home, ignore_errors=True)

    def tacit(self, *arguments, expect=0, stdin=""):
        done = subprocess.run([TACIT, *map(str, arguments)], env=self.environment, input=stdin, text=True,
                              capture_output=True, timeout=LIMIT, cwd=self.home)
        self.assertEqual(done.returncode, expect, f"tacit {arguments}\n{done.stdout}\n{done.stderr}")
        self.assertNotIn("Sanitizer", done.stderr)
        return done

    def tacit_json(self, *arguments, **options):
        return json.loads(self.tacit(*arguments, "--json", **options).stdout)

    def start(self, *arguments):
        process = subprocess.Popen([TACIT, *map(str, arguments)], env=self.environment, text=True, cwd=self.home,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.running.append(process)
        return process

    def serve(self):
        process = self.start("serve", "--listen", "127.0.0.1:0")
        line = process.stdout.readline()
        self.assertIn("serving on http://127.0.0.1:", line, process.stderr.read() if process.poll() is not None else "")
        return process, line.split("serving on ")[1].split()[0]

    def stop(self, process, how=signal.SIGTERM):
        process.send_signal(how)
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 0, err)
        self.assertNotIn("Sanitizer", err)
        return err

    def bytes_on_disk(self):
        return b"".join(path.read_bytes() for path in self.data.rglob("*") if path.is_file())


def get(url, headers=None, data=None):
    """Status and body; no exception for 4xx and 5xx."""
    request = urllib.request.Request(url, data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=LIMIT) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def main():
    unittest.main(argv=[sys.argv[0]], verbosity=2)
