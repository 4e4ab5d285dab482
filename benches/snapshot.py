"""Times `plimsoll snapshot` beside restic and borg: 500 MB in 20,000 files, on tmpfs.

    cargo build --release -p plimsoll && python3 benches/snapshot.py target/release/plimsoll

Every program runs every step in turn, three rounds, each round from an empty store; the least
time counts. What is restored is compared with `diff -r`. Needs 3 GB in /dev/shm.
"""

import os
import random
import resource
import shutil
import subprocess
import sys
import time

BASE = "/dev/shm/plimsoll-bench"
FILES, BINARY, TOTAL = 20_000, 600, 500_000_000
ROUNDS = int(os.environ.get("ROUNDS", "3"))


def tree(root):
    """Text like configuration and logs, and some files that do not compress."""
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(4000)]
    text_len = (TOTAL // 2) // (FILES - BINARY)
    for n in range(FILES):
        folder = os.path.join(root, f"{n % 200:03}")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"{n:05}"), "wb") as file:
            if n < BINARY:
                file.write(rng.randbytes((TOTAL // 2) // BINARY))
            else:
                parts, size = [], 0
                while size < text_len:
                    word = words[int(rng.random() ** 2 * 4000)] + f" {rng.randint(0, 99999)} "
                    parts.append(word)
                    size += len(word)
                file.write("".join(parts).encode())


def timed(command, env):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


def programs(plimsoll):
    source, store, out = f"{BASE}/tree", f"{BASE}/store", f"{BASE}/out"
    snap = [plimsoll, "snapshot"]
    yield "plimsoll", [
        ("init", snap + ["init", "--clear", "--store", store]),
        ("first", snap + ["create", "--store", store, "--files", source, "--quiet"]),
        ("unchanged", snap + ["create", "--store", store, "--files", source, "--quiet"]),
        ("verify", snap + ["verify", "latest", "--store", store]),
        ("restore", snap + ["restore", "latest", "--store", store, "--into", out, "--quiet"]),
    ]
    if shutil.which("restic"):
        restic = ["restic", "-r", store, "--no-cache"]
        yield "restic", [
            ("init", ["restic", "-r", store, "init"]),
            ("first", ["restic", "-r", store, "backup", "-q", source]),
            ("unchanged", ["restic", "-r", store, "backup", "-q", source]),
            ("verify", restic + ["check", "--read-data"]),
            ("restore", ["restic", "-r", store, "restore", "latest", "--target", out]),
        ]
    if shutil.which("borg"):
        yield "borg", [
            ("init", ["borg", "init", "-e", "none", store]),
            ("first", ["borg", "create", "-C", "zstd,1", f"{store}::one", source]),
            ("unchanged", ["borg", "create", "-C", "zstd,1", f"{store}::two", source]),
            ("verify", ["borg", "check", "--verify-data", store]),
            ("restore", ["borg", "extract", f"{store}::two"]),
        ]


def main():
    plimsoll = os.path.abspath(sys.argv[1])
    shutil.rmtree(BASE, ignore_errors=True)
    os.makedirs(BASE)
    tree(f"{BASE}/tree")
    env = dict(os.environ, HOME=f"{BASE}/home", XDG_CACHE_HOME=f"{BASE}/home", XDG_STATE_HOME=f"{BASE}/home",
               RESTIC_PASSWORD="bench", BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK="yes", BORG_RELOCATED_REPO_ACCESS_IS_OK="yes")
    best = {}
    for _ in range(ROUNDS):
        for name, steps in programs(plimsoll):
            for folder in ("store", "out", "home"):
                shutil.rmtree(f"{BASE}/{folder}", ignore_errors=True)
            for folder in ("out", "home"):
                os.makedirs(f"{BASE}/{folder}")
            os.chdir(f"{BASE}/out")
            for step, command in steps:
                wall, cpu = timed(command, env)
                old = best.get((name, step), (float("inf"), 0))
                best[name, step] = min(old, (wall, cpu))
            found = f"{BASE}/out{BASE}/tree"
            subprocess.run(["diff", "-r", f"{BASE}/tree", found], check=True)
            os.chdir("/")
    names = sorted({name for name, _ in best}, key=lambda name: name != "plimsoll")
    print("| step | " + " | ".join(f"{name} s (CPU)" for name in names) + " | ratio to the best other |")
    for step in ("first", "unchanged", "verify", "restore"):
        cells = [best[name, step] for name in names]
        others = [wall for wall, _ in cells[1:]]
        ratio = f"{cells[0][0] / min(others):.2f}" if others else "-"
        print(f"| {step} | " + " | ".join(f"{wall:.2f} ({cpu:.2f})" for wall, cpu in cells) + f" | {ratio} |")
    print(f"memory, most of any child: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB")
    shutil.rmtree(BASE, ignore_errors=True)


main()
