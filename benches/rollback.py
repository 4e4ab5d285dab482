"""Times a rollback beside 1 GB of state: a web service and a paper-trading strategy, on tmpfs.

    cargo build --release -p plimsoll && python3 benches/rollback.py target/release/plimsoll

Version 1 is deployed, then version 2, then `plimsoll rollback` brings version 1 back. Each begins
with a snapshot of the state, of which a tenth changes in between. Needs 3 GB in /dev/shm.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

BASE = "/dev/shm/plimsoll-rollback"
FILES, SIZE = 500, 2_000_000
ROUNDS = int(os.environ.get("ROUNDS", "3"))


def state(root, share):
    """Half of it compresses, half does not."""
    rng = random.Random(time.monotonic_ns())
    os.makedirs(root, exist_ok=True)
    for n in rng.sample(range(FILES), int(FILES * share)):
        row = f"{rng.random()},BTC-USD,{rng.randint(0, 10**9)}\n".encode()
        text = (row * (SIZE // 2 // len(row) + 1))[: SIZE // 2]
        with open(f"{root}/{n:04}", "wb") as file:
            file.write(rng.randbytes(SIZE // 2) + text)


def bars(path):
    rows = ["timestamp,open,high,low,close,volume"]
    px = [1000 + 200 * ((n // 40 % 2) * 2 - 1) * ((n % 40) / 40) for n in range(60_001)]
    for n in range(60_000):
        o, c = px[n], px[n + 1]
        rows.append(f"{1_600_000_000 + n * 60},{o:.2f},{max(o, c) + 1:.2f},{min(o, c) - 1:.2f},{c:.2f},1000000")
    with open(path, "w") as file:
        file.write("\n".join(rows) + "\n")


def main():
    plimsoll = os.path.abspath(sys.argv[1])
    shutil.rmtree(BASE, ignore_errors=True)
    root = f"{BASE}/desk"
    os.makedirs(f"{root}/config")
    env = dict(os.environ, HOME=f"{BASE}/home", XDG_CACHE_HOME=f"{BASE}/home", XDG_STATE_HOME=f"{BASE}/home",
               GIT_AUTHOR_NAME="b", GIT_COMMITTER_NAME="b", GIT_AUTHOR_EMAIL="b@b.invalid", GIT_COMMITTER_EMAIL="b@b.invalid")
    bars(f"{BASE}/bars.csv")
    venue = subprocess.Popen([plimsoll, "paper", "venue", "--listen", "127.0.0.1:0", "--dir", f"{BASE}/venue", "--data", f"{BASE}/bars.csv",
                              "--speed", "50"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=BASE, env=env)
    url = venue.stdout.readline().strip()

    def run(*words):
        start = time.monotonic()
        done = subprocess.run(words, cwd=root, env=env, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{words}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return time.monotonic() - start

    with open(f"{root}/config/canonical.yaml", "w") as file:
        file.write(f"""snapshot:
  files:
    state: {{roots: [{BASE}/state]}}
  positions:
    paper: {{paper: "{url}"}}
deploy:
  staging:
    free_disk_min_mb: 100
    services:
      web:
        run: [python3, -m, http.server, "{{port}}", --bind, 127.0.0.1]
        ports: [18771, 18772]
        health: {{http: "http://127.0.0.1:{{port}}/version"}}
      trend:
        kind: strategy
        lease: trend@paper
        run: [sh, -c, "exec {plimsoll} paper trade --venue {url} --lease trend@paper --trading-dir {root}/.plimsoll/trading --name $(cat version)-{{start}} --patience 60"]
    accounts: [paper]
    watch_secs: 2
""")
    with open(f"{root}/.gitignore", "w") as file:
        file.write(".plimsoll/\n")
    run("git", "init", "-q", "-b", "main")
    for version in ("v1", "v2"):
        with open(f"{root}/version", "w") as file:
            file.write(version)
        run("git", "add", ".")
        run("git", "commit", "-qm", version)
        run("git", "tag", version)
    try:
        run(plimsoll, "snapshot", "init", "--clear")
        state(f"{BASE}/state", 1.0)
        first = run(plimsoll, "deploy", "staging", "--commit", "v1")
        times = []
        for _ in range(ROUNDS):
            state(f"{BASE}/state", 0.1)
            run(plimsoll, "deploy", "staging", "--commit", "v2")
            state(f"{BASE}/state", 0.1)
            times.append(run(plimsoll, "rollback"))
        print(f"first deploy {first:.1f} s; rollback with {FILES * SIZE / 1e9:.1f} GB of state: "
              f"{min(times):.1f} s least, {max(times):.1f} s most of {ROUNDS}")
    finally:
        folder = f"{root}/.plimsoll/deploy/staging/run"
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if name.endswith(".pid"):
                with open(f"{folder}/{name}") as file:
                    pid = file.read().strip()
                try:
                    os.killpg(int(pid), signal.SIGKILL)
                except (ProcessLookupError, ValueError):
                    pass
        venue.kill()
        shutil.rmtree(BASE, ignore_errors=True)


main()
