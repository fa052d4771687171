"""Fixtures: a server that a module shares, servers of one's own, phones and clients that are put away afterwards.

    TELEGRAPHONE=build/release/telegraphone /usr/bin/python3 -m pytest tests/scenarios tests/interop tests/support

TELEGRAPHONE names the binary (that is its default); TELEGRAPHONE_SLOW=1 adds what takes longer than half a minute.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from support import server as telegraphone  # noqa: E402
from support.call import Bench  # noqa: E402


def pytest_runtest_setup(item):
    if "no_binary" not in item.keywords and not telegraphone.binary().exists():
        pytest.fail(f"{telegraphone.binary()} is not built", pytrace=False)


def pytest_configure(config):
    config.addinivalue_line("markers", "no_binary: needs no telegraphone binary")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for name in ("bench", "server"):
            bench = item.funcargs.get(name)
            servers = getattr(bench, "servers", None) or ([bench] if bench is not None else [])
            for one in servers:
                if hasattr(one, "log"):
                    report.sections.append((f"log of the server in {one.folder}", one.log()[-6000:]))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for the tests of a module; stopping it at the end must give status 0."""
    one = telegraphone.Server(tmp_path_factory.mktemp("server"))
    yield one
    one.stop()


@pytest.fixture
def bench(request, tmp_path):
    """Phones, clients and further servers for one test; all are put away at its end. Uses the module's server unless
    the test makes its own by bench.start_server(...)."""
    one = Bench(tmp_path, lambda: request.getfixturevalue("server"))
    yield one
    one.put_away()
