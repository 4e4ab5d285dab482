"""Times `plimsoll drift` beside one `rg` regex and the earlier system's own detector, over its repository.

    cargo build --release -p plimsoll
    git clone https://github.com/gptcompany/nautilus_dev
    python3 benches/drift.py target/release/plimsoll nautilus_dev [CANONICAL]

The programs take turns, process start included; the least time of all rounds counts. CANONICAL, if given, is a
configuration of ours for that repository; without it the defaults are compared. The last part checks the same files
linked up to 100,000, and what is staged of one file and of ten.
"""

import json
import os
import shutil
import subprocess
import sys
import time

ROUNDS = int(os.environ.get("ROUNDS", "20"))
REGEX = r"(questdb|grafana|redis)[^\n]{0,40}[0-9]{4}|1\.[0-9]{3}\.[0-9]+|nautilus_catalog"
SHM = "/dev/shm/plimsoll-drift-bench"


def timed(command, cwd):
    start = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True)
    return (time.perf_counter() - start) * 1000, done


def least(commands, cwd, rounds=ROUNDS):
    best = {name: float("inf") for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            wall, done = timed(command, cwd)
            if done.returncode not in (0, 1, 2):
                sys.exit(f"{command}: {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
            best[name] = min(best[name], wall)
    return best


def python():
    """The interpreter itself, without the shim of a version manager."""
    return subprocess.run([shutil.which("python3"), "-c", "import sys; print(sys.executable)"],
                          capture_output=True, text=True).stdout.strip()


def compared(plimsoll, repo):
    _, ours = timed(plimsoll + ["--json"], repo)
    _, theirs = timed([python(), "scripts/architecture_drift_detector.py", "--json"], repo)
    said = json.loads(theirs.stdout[theirs.stdout.index(b"{"):])
    lists = ["matches", "drifts", "missing_docs", "missing_actual", "pyproject_mismatches", "doc_drifts"]
    return json.loads(ours.stdout)["report"]["values_checked"], sum(len(said.get(name, [])) for name in lists)


def whole(plimsoll, repo):
    print(f"whole check, least of {ROUNDS}, ms")
    best = least({
        "plimsoll": plimsoll,
        "rg": ["rg", "--no-ignore", "-c", REGEX],
        "rg, .gitignore": ["rg", "-c", REGEX],
        "detector": [python(), "scripts/architecture_drift_detector.py", "--json"],
    }, repo)
    for name, wall in best.items():
        print(f"  {name}: {wall:.1f}, ratio {best['plimsoll'] / wall:.2f}")
    ours, theirs = compared(plimsoll, repo)
    print(f"  values compared: {ours}, the detector {theirs}")


def linear(plimsoll):
    print("files linked: ms, ms for 1,000 files")
    count, copies = 0, 0
    for target in (12_500, 25_000, 50_000, 100_000):
        while count < target:
            to = os.path.join(SHM, "tree", f"copy{copies:03}")
            shutil.copytree(os.path.join(SHM, "one"), to, copy_function=os.link, symlinks=True)
            count += sum(len(files) for _, _, files in os.walk(to))
            copies += 1
        wall = least({"it": plimsoll}, os.path.join(SHM, "tree"), 3)["it"]
        print(f"  {count}: {wall:.0f}, {wall * 1000 / count:.2f}")


def staged(binary, repo):
    print(f"staged, least of {ROUNDS}, ms")
    names = subprocess.run(["git", "ls-files", "*.md", "*.yml", "*.py"], cwd=repo, capture_output=True, text=True)
    names = [name for name in names.stdout.split("\n") if name and " " not in name][::37]
    for count in (1, 10):
        for name in names[:count]:
            with open(os.path.join(repo, name), "a") as file:
                file.write("\n")
        subprocess.run(["git", "add", "--"] + names[:count], cwd=repo, check=True)
        best = least({
            "staged": binary + ["--staged"],
            "the files": binary + names[:count],
            "git diff --cached": ["git", "diff", "--cached", "--name-only"],
        }, repo)
        print(f"  {count} changed: " + ", ".join(f"{name} {wall:.1f}" for name, wall in best.items()))


def main():
    binary, repo = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    config = ["--config", os.path.abspath(sys.argv[3])] if len(sys.argv) > 3 else []
    shutil.rmtree(SHM, ignore_errors=True)
    shutil.copytree(repo, os.path.join(SHM, "git"), symlinks=True)
    shutil.copytree(repo, os.path.join(SHM, "one"), symlinks=True, ignore=shutil.ignore_patterns(".git"))
    try:
        plimsoll = [binary, "drift", "--root", "."] + config
        whole(plimsoll, os.path.join(SHM, "git"))
        staged(plimsoll, os.path.join(SHM, "git"))
        linear(plimsoll)
    finally:
        shutil.rmtree(SHM)


main()
