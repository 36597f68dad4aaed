"""Python, packages, settings: is what runs what was meant to run?

What belongs here: checks that need no data. What doesn't: folders and files (``folders.py``), Dagster (``orchestration.py``).
"""

from __future__ import annotations

import difflib
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

from trend_assets.doctor.surroundings import Diagnosis, Surroundings, fine, not_applicable, several, shown, warning, wrong
from trend_assets.settings import DEVELOPMENT_KEY, PROJECT_ROOT, Environment, Settings, in_words, load_settings

SUPPORTED_PYTHON = ((3, 11), (3, 12))
PREFIX = "TREND_ASSETS_"
_OF_OUR_PREFIX = re.compile(r"TREND_ASSETS_[A-Z_]+")
_READ_BY_TESTS = {"TREND_ASSETS_BIGQUERY_EMULATOR", "TREND_ASSETS_REQUIRE", "TREND_ASSETS_TEST_TOWN"}
_READ_BY_OTHERS = {
    name for file in ("dagster.yaml", "dbt_project/profiles.yml") for name in _OF_OUR_PREFIX.findall((PROJECT_ROOT / file).read_text())
}
SETTINGS = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
OTHER_VARIABLES = frozenset((_READ_BY_OTHERS | _READ_BY_TESTS) - SETTINGS)
"""Variables of our prefix that are no settings."""
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(?: ; ([^\\]+))?")


def python_version(_: Surroundings) -> Diagnosis:
    """Python 3.11 or 3.12."""
    version = sys.version_info[:2]
    found = f"Python {sys.version.split()[0]} in {sys.prefix}"
    if version not in SUPPORTED_PYTHON:
        return wrong(found, "install Python 3.11 or 3.12, then: rm -r .venv && make setup PYTHON=/path/to/python3.11")
    return fine(found)


def packages(_: Surroundings) -> Diagnosis:
    """What is installed is what the lock says."""
    lock = PROJECT_ROOT / "requirements.lock"
    if not lock.exists():
        return not_applicable("no requirements.lock beside the package: it was installed without one")
    locked = _locked_versions(lock)
    installed = {_normal(found.name): found.version for found in metadata.distributions() if found.name}
    missing = sorted(name for name in locked if name not in installed)
    differ = sorted(
        f"{name} {installed[name]} instead of {version}"
        for name, version in locked.items()
        if name in installed and installed[name] != version
    )
    if not missing and not differ:
        return fine(f"all {len(locked)} packages of requirements.lock are installed as locked")
    found = [f"not installed: {several(missing)}"] if missing else []
    found += [f"other versions: {several(differ)}"] if differ else []
    needed = _needed()
    lacking = [name for name in missing if name in needed]
    if lacking:
        return wrong(f"{'; '.join(found)}; {several(lacking)} cannot be done without", "make setup")
    return warning("; ".join(found), "make setup")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked_versions(lock: Path) -> dict[str, str]:
    """Version by normalised name, of the packages that this platform needs."""
    from packaging.markers import Marker

    versions = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        match = _LOCKED.match(line)
        if match and (match.group(3) is None or Marker(match.group(3).strip()).evaluate()):
            versions[_normal(match.group(1))] = match.group(2)
    return versions


def _needed() -> set[str]:
    """Names of the packages that trend-assets itself requires, extras apart."""
    from packaging.requirements import Requirement

    try:
        stated = metadata.requires("trend-assets") or []
    except metadata.PackageNotFoundError:
        return set()
    requirements = [Requirement(text) for text in stated]
    return {_normal(found.name) for found in requirements if found.marker is None or found.marker.evaluate({"extra": ""})}


def settings(surroundings: Surroundings) -> Diagnosis:
    """Every setting is readable; which file or variable each comes from."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    unreadable = _unreadable_lines(surroundings)
    if unreadable:
        return wrong("; ".join(unreadable), "write each setting as NAME=value; docs/settings.md lists them")
    try:
        load_settings.cache_clear()
        load_settings()
    except ValidationError as error:
        return wrong(in_words(error), f"correct it in {_places(surroundings)}; docs/settings.md explains each setting")
    except SettingsError as error:
        name = re.search(r'"(\w+)"', str(error))
        variable = f"{PREFIX}{name.group(1).upper()}" if name else "a setting"
        return wrong(f"{variable} is not written as its type asks", f'lists are JSON, e.g. {PREFIX}BRANDS=["zara", "asos"]')
    except UnicodeDecodeError as error:
        return wrong(f"a settings file is not text in UTF-8: {error}", f"write {_places(surroundings)} anew; .env.example is a start")
    sources = _sources(surroundings)
    overridden = _overridden(sources)
    told = [f"{len(values)} from {place}" for place, values in sources.items() if values]
    found = f"{', '.join(told) if told else 'all defaults'}"
    return fine(f"{found}; {overridden}" if overridden else found)


def _settings_files(surroundings: Surroundings) -> list[Path]:
    """Settings files, the one that wins first."""
    return [surroundings.working_folder / ".env", surroundings.data / "settings.env"]


def _places(surroundings: Surroundings) -> str:
    found = [shown(path, surroundings.working_folder) for path in _settings_files(surroundings) if path.exists()]
    return " or ".join([*found, "the environment"])


def _unreadable_lines(surroundings: Surroundings) -> list[str]:
    from dotenv.parser import parse_stream

    problems = []
    for path in _settings_files(surroundings):
        name = shown(path, surroundings.working_folder)
        if not path.exists():
            continue
        try:
            with path.open(encoding="utf-8") as stream:
                problems += [f"{name} line {one.original.line} is no setting" for one in parse_stream(stream) if one.error]
        except (OSError, UnicodeError) as error:
            problems.append(f"{name} cannot be read: {error}")
    return problems


def _names(values: dict[str, str | None]) -> dict[str, str]:
    """Our settings among variables: canonical name to value; an empty value is none."""
    aliases = {name: f"{PREFIX}{name}" for name in ("LAKE_START", "LAKE_END")}
    found = {name.upper(): value for name, value in values.items() if value}
    return {
        aliases.get(name, name): value
        for name, value in sorted(found.items())
        if (name in aliases or name.startswith(PREFIX)) and name not in OTHER_VARIABLES
    }


def _sources(surroundings: Surroundings) -> dict[str, dict[str, str]]:
    """Settings by the place they are set in, the place that wins first."""
    from dotenv import dotenv_values

    places = {"the environment": _names(dict(surroundings.environment))}
    for path in _settings_files(surroundings):
        places[shown(path, surroundings.working_folder)] = _names(dotenv_values(path)) if path.exists() else {}
    return places


def _overridden(sources: dict[str, dict[str, str]]) -> str:
    """Settings that two places set differently, and who wins."""
    told: list[str] = []
    winner: dict[str, str] = {}
    for place, values in sources.items():
        for name, value in values.items():
            if name in winner and sources[winner[name]][name] != value:
                told.append(f"{name} in {place} is overridden by {winner[name]}")
            winner.setdefault(name, place)
    return several(told)


def unknown_variables(surroundings: Surroundings) -> Diagnosis:
    """Variables of our prefix that no setting reads are probably misspelt."""
    known = SETTINGS | OTHER_VARIABLES
    told = []
    for place, values in _sources(surroundings).items():
        for name in values:
            if name not in known:
                close = difflib.get_close_matches(name, sorted(known), n=1)
                told.append(f"{name} in {place}" + (f" (did you mean {close[0]}?)" if close else ""))
    if told:
        return warning(f"nothing reads {several(told)}", "correct or remove it; docs/settings.md lists every setting")
    return fine("every TREND_ASSETS_ variable is a setting")


def pseudonyms(surroundings: Surroundings) -> Diagnosis:
    """The key that turns account ids into pseudonyms is secret where the accounts are real."""
    chosen = surroundings.settings
    if chosen.pseudonym_key.get_secret_value() != DEVELOPMENT_KEY:
        return fine("pseudonyms are made with a key of your own")
    if (surroundings.data / "truth").exists():
        return fine("the development key, with a simulated town: nobody to protect")
    if not (surroundings.data / "landing").exists():
        return not_applicable("the development key, and no posts yet")
    action = "before real accounts land: TREND_ASSETS_PSEUDONYM_KEY=<a long random text> in .env; pseudonyms made before do not match it"
    return warning("pseudonyms are made with the development key, which everybody can read", action)


def cloud(surroundings: Surroundings) -> Diagnosis:
    """Staging and production (whose settings load only when complete); only with --online is the cloud asked."""
    chosen = surroundings.settings
    if chosen.environment is Environment.DEV and not chosen.in_cloud:
        return not_applicable("environment dev: everything is on this machine")
    if not surroundings.online:
        return fine(f"environment {chosen.environment}: settings are complete; not asked whether they work, add --online")
    from trend_assets.lake.storage import open_storage

    for root in (chosen.landing_root, chosen.lake_root):
        try:
            storage = open_storage(root, endpoint=chosen.storage_endpoint or None, deadline=5.0)
            storage.list("_doctor/")
        except Exception as error:
            return wrong(f"{root} does not answer: {error}", "check the bucket's name, the service account's rights and the network")
    return fine(f"environment {chosen.environment}: the buckets answer")


def optional_tools(_: Surroundings) -> Diagnosis:
    """Programs that only some tests or sources want."""
    wanted = {
        "chromium": "the board's test in a browser",
        "postgres": "the test of SQL sources",
        "gcc": "a compiler, for packages without a wheel",
    }
    postgres = shutil.which("postgres") or next(map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))), None)
    found = {"chromium": shutil.which("chromium"), "postgres": postgres, "gcc": shutil.which("gcc")}
    present = [name for name, path in found.items() if path]
    absent = [f"{name} ({wanted[name]})" for name, path in found.items() if not path]
    if not absent:
        return fine(f"present: {', '.join(present)}")
    return not_applicable(f"present: {', '.join(present) or 'none'}; absent, wanted only for tests: {', '.join(absent)}")
