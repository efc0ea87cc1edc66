# SPDX-License-Identifier: GPL-2.0
"""Debian packages: host tools, and kernels resolved, downloaded and unpacked by exact version.

Only apt reaches out. A suite that is not the host's (trixie) gets its own list directory beside
the host's, with sources derived from the host's by replacing the suite's name.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from . import paths
from .progress import LabError, Ticker, Unavailable, run, say

# A list this old is refreshed: long enough for a day's work, short enough to see a new patch level.
LISTS_MAX_AGE = 12 * 3600
RETRY_SECONDS = 20
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def host_suite() -> str:
    """The host's Debian release name."""
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    found = re.search(r"^VERSION_CODENAME=(\w+)", text, re.M)
    return found.group(1) if found else "bookworm"


def missing_tools(tools: dict[str, str]) -> list[str]:
    """The packages among @tools ({a file it brings or command: package}) which are not there."""
    def there(probe: str) -> bool:
        return Path(probe).exists() if probe.startswith("/") else bool(
            shutil.which(probe, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"))
    return sorted({package for probe, package in tools.items() if not there(probe)})


def install_tools(tools: dict[str, str]) -> None:
    """Install what is missing when we may; else name it in one line that can be copied."""
    missing = missing_tools(tools)
    if not missing:
        return
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    command = [*sudo, "apt-get", "install", "-y", "--no-install-recommends", *missing]
    if sudo and (not shutil.which("sudo") or subprocess.run(
            ["sudo", "-n", "true"], capture_output=True, check=False).returncode):
        raise Unavailable(f"packages are missing, please run: sudo {' '.join(command[2:])}")
    say(f"installing {' '.join(missing)}")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    # Two runs may want to install at once: the second waits for dpkg's lock.
    command[len(sudo) + 1:len(sudo) + 1] = ["-o", "DPkg::Lock::Timeout=300"]
    with paths.lock(paths.cache() / "apt.lock"):
        try:
            run(command, "apt-get install", env=env)
        except LabError:
            run([*sudo, "apt-get", "update"], "apt-get update", env=env)
            run(command, "apt-get install", env=env)


def derived_sources(suite: str) -> str:
    """The host's package sources in deb822 form with @suite in place of the host's own."""
    host = host_suite()
    stanzas: list[str] = []
    etc = Path("/etc/apt")
    for file in sorted(etc.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", file.read_text(encoding="utf-8")):
            if re.search(rf"^Suites:.*\b{host}", stanza, re.M):
                stanzas.append("\n".join(x for x in stanza.splitlines() if not x.startswith("#")))
    for file in [etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))]:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        for uri, name in re.findall(rf"^deb\s+(?:\[.*?\]\s+)?(\S+)\s+({host}\S*)", text, re.M):
            stanzas.append(f"Types: deb\nURIs: {uri}\nSuites: {name}\nComponents: main")
    if not stanzas:
        raise LabError(f"no apt source for {host} found to derive {suite} from")
    out = []
    for stanza in stanzas:
        stanza = re.sub(r"^(Suites:.*)$", lambda m: m[1].replace(host, suite), stanza, flags=re.M)
        if "Signed-By:" not in stanza:
            stanza += f"\nSigned-By: {KEYRING}"
        out.append(stanza)
    # Backports live in the main archive: the first stanza which has the plain suite.
    for stanza in out:
        if re.search(rf"^Suites:.*\b{suite}(\s|$)", stanza, re.M):
            out.append(re.sub(r"^Suites:.*$", f"Suites: {suite}-backports", stanza, flags=re.M))
            break
    return "\n\n".join(out) + "\n"


class Archive:
    """One Debian suite, asked through apt; with @arch, that of another architecture."""

    def __init__(self, suite: str, arch: str = ""):
        self.suite = suite
        self.name = f"{suite}-{arch}" if arch else suite
        self.foreign = bool(arch) or suite != host_suite()
        self.options: list[str] = []
        self.lists = Path("/var/lib/apt/lists")
        if self.foreign:
            root = paths.cache("apt", self.name)
            for part in ("lists/partial", "archives/partial"):
                (root / part).mkdir(parents=True, exist_ok=True)
            (root / "status").touch()
            self.lists = root / "lists"
            sources = root / f"{suite}.sources"
            text = derived_sources(suite)
            with paths.lock(root / "sources.lock"):
                # Others may be reading it.
                if not sources.exists() or sources.read_text(encoding="utf-8") != text:
                    sources.write_text(text, encoding="utf-8")
            for key, value in {"Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "-",
                               "Dir::State::lists": self.lists, "Dir::State::status": root / "status",
                               "Dir::Cache::archives": root / "archives",
                               "Dir::Cache::pkgcache": root / "pkgcache.bin",
                               "Dir::Cache::srcpkgcache": root / "srcpkgcache.bin",
                               "APT::Default-Release": f"{suite}-backports"}.items():
                self.options += ["-o", f"{key}={value}"]
        if arch:
            self.options += ["-o", f"APT::Architecture={arch}", "-o", f"APT::Architectures={arch}"]

    def refresh(self) -> None:
        """Fetch the package lists when they are old."""
        stamp = paths.cache("apt") / f"{self.name}.stamp"
        with Ticker(f"package lists of {self.name}"), paths.lock(stamp.with_suffix(".lock")):
            if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_MAX_AGE:
                return
            if self.foreign or os.geteuid() == 0:
                self._update()
            stamp.touch()

    def _update(self) -> None:
        """apt-get update; a mirror that is being changed is asked again, then done without."""
        command = ["apt-get", "-q", *self.options, "-o", "APT::Sandbox::User=root",
                   "-o", "Acquire::Retries=3", "-o", "APT::Update::Error-Mode=any", "update"]
        what = f"apt-get update ({self.name})"
        try:
            run(command, what)
        except LabError:
            time.sleep(RETRY_SECONDS)
            try:
                run(command, what)
            except LabError as error:
                if not list((self.lists).glob("*_Packages*")):
                    raise
                say(f"{self.name}: not all package lists could be fetched, going on with the others: "
                    f"{(re.findall(r'^E: .*', str(error), re.M) or [''])[0]}")

    def fresh_since(self, file: Path) -> bool:
        """Whether @file was written after the lists were fetched, and those are young."""
        stamp = paths.cache("apt") / f"{self.name}.stamp"
        return (stamp.exists() and file.exists() and time.time() - stamp.stat().st_mtime < LISTS_MAX_AGE
                and stamp.stat().st_mtime <= file.stat().st_mtime)

    def search(self, expression: str) -> list[str]:
        """The names of the packages which match @expression."""
        text = run(["apt-cache", *self.options, "--names-only", "search", expression],
                   "apt-cache search")
        return re.findall(r"^(\S+) - ", text, re.M)

    def depends(self, package: str) -> list[str]:
        """The packages that @package depends on, alternatives included."""
        text = run(["apt-cache", *self.options, "depends", "--no-recommends", "--no-suggests",
                    "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", package],
                   f"apt-cache depends {package}")
        return re.findall(r"^\s*\|?Depends: ([^\s<]+)$", text, re.M)

    def version(self, package: str) -> str:
        """The version which apt would install."""
        text = run(["apt-cache", *self.options, "policy", package], f"apt-cache policy {package}")
        found = re.search(r"Candidate: (\S+)", text)
        if not found or found.group(1) == "(none)":
            raise LabError(f"{self.suite} has no package {package}")
        return found.group(1)

    def closure(self, package: str, wanted: str) -> list[str]:
        """@package and all it depends on as far as names match the expression @wanted."""
        todo, seen = [package], []
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.append(name)
            todo += [x for x in self.depends(name) if re.match(wanted, x)
                     and not x.endswith("-unsigned")]
        return sorted(seen)

    def unpack(self, package: str, version: str, target: Path) -> None:
        """Download @package at @version and unpack it into @target."""
        with paths.lock(paths.cache("debs") / f"{package}.lock"):
            escaped = version.replace(":", "%3a")
            debs = list(paths.cache("debs").glob(f"{package}_{escaped}_*.deb"))
            if not debs:
                run(["apt-get", "-q", *self.options, "-o", "APT::Sandbox::User=root",
                     "-o", "Acquire::Retries=3", "download", f"{package}={version}"], f"download of {package}", cwd=paths.cache("debs"))
                debs = list(paths.cache("debs").glob(f"{package}_{escaped}_*.deb"))
            target.mkdir(parents=True, exist_ok=True)
            run(["dpkg", "-x", str(debs[0]), str(target)], f"unpacking {package}")
            # The unpacked tree is the cache; the archive would only double it.
            debs[0].unlink()
