"""How long a bundle of evidence takes to build and to verify, and what memory it takes.

A log of 100,000 entries in cases of eleven is exported whole, and a tenth of it: seconds
of building (a worker's, from the claim to the finished file) and of verifying (a
stranger's Python on the ZIP, every check), by the clock and of the processor, and the
peak memory of both processes. Memory that does not grow gives ratios near 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import ours
from tests.benchmarks.servers import bench_servers

ENTRIES = 100_000
Emit = Callable[[dict[str, object]], None]


def run(emit: Emit) -> None:
    """Print seconds and peaks of a tenth and of the whole, and the peaks' ratios."""
    peaks: dict[tuple[str, int], float] = {}
    with bench_servers() as bench, tempfile.TemporaryDirectory() as folder:
        env = {**ours.environment(bench, "bundle"), "COUNTERSIGN_DATA_DIR": folder}
        made = ours.ask(env, "bundle_ours", "fill", ENTRIES)
        for share in (10, 1):
            cases = int(made["cases"]) // share
            built = ours.ask(env, "bundle_ours", "build", cases)
            (file,) = Path(folder, "bundles", str(int(built["bundle"]))).glob("*.zip")
            seconds, cpu, peak = _verify(file, Path(folder))
            entries = int(built["entries"])
            for subject, value, unit in (
                ("built", built["seconds"], "s"),
                ("built, processor", built["cpu"], "s"),
                ("verified", seconds, "s"),
                ("verified, processor", cpu, "s"),
                ("peak memory building", built["peak_mb"], "MB"),
                ("peak memory verifying", peak, "MB"),
                ("size of the file", file.stat().st_size / 1e6, "MB"),
            ):
                words = f"{entries:,} entries, {subject}"
                emit({
                    "bench": "bundle",
                    "subject": words,
                    "value": round(value, 1),
                    "unit": unit,
                })
            peaks["building", share] = built["peak_mb"]
            peaks["verifying", share] = peak
    for what in ("building", "verifying"):
        ratio = peaks[what, 10] / peaks[what, 1]
        vs = f"peak memory {what} ten times as much"
        emit({"bench": "bundle", "vs": vs, "ratio": round(ratio, 2)})


def _verify(file: Path, folder: Path) -> tuple[float, float, float]:
    """Verify a ZIP as a stranger does; return seconds, of the processor too, and MB."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        root = names[0].partition("/")[0]
        tools = [one for one in names if one.endswith(".py")]
        archive.extractall(folder, tools)
    began = time.perf_counter()
    script = folder / root / "verify.py"
    words = [sys.executable, "-I", str(script), str(file), "--quiet"]
    child = subprocess.Popen(words, stdout=subprocess.PIPE)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    said = child.stdout.read().decode() if child.stdout else ""
    if child.returncode:
        raise SystemExit(f"The bundle does not verify: {said[:500]}")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
