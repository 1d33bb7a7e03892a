"""Virtual environments of the peers we compare with, made once and kept."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "bench"


def peer_python(name: str, packages: tuple[str, ...]) -> Path:
    """Return the Python of a peer's own environment, installing it the first time."""
    home = ROOT / ".bench" / f"venv-{name}"
    python = home / "bin" / "python"
    done = home / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", *packages]
        subprocess.run(install, check=True)
        done.write_text(" ".join(packages))
    return python
