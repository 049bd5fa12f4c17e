"""Headless Chromium on the page of a real `tacit serve`. Used by the browser test and tools/screenshot."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import urllib.request

LIMIT = 120  # seconds for one command, far above what any needs
IMPORT_LIMIT = 600
PARTLY_DONE = 3  # something in a source was damaged
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-extensions", "--hide-scrollbars", "--force-device-scale-factor=1"]


def find_chromium():
    return next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)


class Site:
    """A server on a free port with a data folder of its own; a context manager."""

    def __init__(self, tacit, *sources):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="tacit-browser-"))
        self.environment = {**os.environ, "HOME": str(self.home)}
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        self.environment["XDG_CACHE_HOME"] = cache  # the embedding model is found there
        self.command = [str(tacit)]
        self.data = ["--data-dir", str(self.home / "data")]
        self.sources = [str(source) for source in sources]

    def __enter__(self):
        if self.sources:
            done = subprocess.run([*self.command, "import", *self.sources, *self.data], env=self.environment,
                                  capture_output=True, text=True, timeout=IMPORT_LIMIT)
            if done.returncode not in (0, PARTLY_DONE):
                raise RuntimeError(f"tacit import said {done.stderr}")
        self.process = subprocess.Popen([*self.command, "serve", "--listen", "127.0.0.1:0", *self.data],
                                        env=self.environment, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if "serving on http://127.0.0.1:" not in line:
            self.process.kill()
            raise RuntimeError(f"tacit serve said {line!r}")
        self.url = line.split("serving on ")[1].split()[0]
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.status = self.process.wait(LIMIT)
        finally:
            self.process.stdout.close()
            shutil.rmtree(self.home, ignore_errors=True)

    def get(self, target):
        with urllib.request.urlopen(self.url + target, timeout=LIMIT) as response:
            return json.load(response)

    def post(self, target, body):
        request = urllib.request.Request(self.url + target, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=LIMIT) as response:
            return json.load(response)

    def chromium(self, target, *flags):
        profile = tempfile.mkdtemp(dir=self.home)
        address = target if "://" in target else self.url + target
        done = subprocess.run([find_chromium(), *FLAGS, f"--user-data-dir={profile}", "--virtual-time-budget=5000", *flags, address],
                              capture_output=True, text=True, timeout=LIMIT, env=self.environment)
        shutil.rmtree(profile, ignore_errors=True)
        return done

    def dom(self, target):
        """The document after its scripts ran."""
        return self.chromium(target, "--dump-dom").stdout

    def screenshot(self, target, file, width=1200, height=900, dark=False):
        flags = ["--blink-settings=preferredColorScheme=0"] if dark else []
        self.chromium(target, f"--screenshot={file}", f"--window-size={width},{height}", *flags)
