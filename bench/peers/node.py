"""Has kafkajs at hand: installs its pinned packages once, outside the repository."""

import asyncio
import hashlib
import os
import shutil
from pathlib import Path

HERE = Path(__file__).parent / "kafkajs"
SCRIPT = HERE / "each_batch.cjs"
PINS = ("package.json", "package-lock.json")


class NoNodeError(Exception):
    """Node.js or its packages cannot be had; the message says which."""


async def modules() -> Path:
    """Return the folder of the installed packages.

    Raises:
        NoNodeError: There is no Node.js, or npm cannot install them.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NoNodeError("there is no Node.js with npm")
    folder = _cache() / hashlib.sha256((HERE / PINS[1]).read_bytes()).hexdigest()[:12]
    found = folder / "node_modules"
    if not found.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in PINS:
            shutil.copy(HERE / name, folder / name)
        await _install(folder)
    return found


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "esputnik-sync-bench"


async def _install(folder: Path) -> None:
    npm = await asyncio.create_subprocess_exec(
        *("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await npm.communicate()
    if npm.returncode != 0:
        shutil.rmtree(folder / "node_modules", ignore_errors=True)
        raise NoNodeError(f"npm could not install kafkajs: {told.decode(errors='replace')[-300:]}")
