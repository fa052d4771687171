"""The command line and the configuration: what is refused, how it is said, and what a server without a file does."""

import base64
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import stat
import tomllib

import pytest

from support.server import Server, run
from support.xmpp_raw import XmppStream


def checked(tmp_path, text):
    path = tmp_path / "c.toml"
    path.write_text(text)
    return path, run("check-config", path)


def test_an_empty_file_is_a_good_configuration(tmp_path):
    _, done = checked(tmp_path, "")
    assert done.returncode == 0 and done.stderr == ""


def test_the_documented_keys_are_a_good_configuration(tmp_path):
    _, done = checked(tmp_path, """
[xmpp]
domain = "localhost"
listen = ["127.0.0.1:5222"]
tls = "optional"
[[xmpp.account]]
name = "app"
password = "secret"
dialect = "xep-0327"
[rayo]
dialect = "rayo-2011"
[sip]
listen = ["udp:127.0.0.1:5060", "tcp:127.0.0.1:5060"]
[rtp]
address = "127.0.0.1"
ports = "20000-29999"
idle = "keepalive"
timeout = "60s"
[recording]
directory = "/tmp/x"
format = "mp3"
[log]
level = "info"
format = "text"
""")
    assert done.returncode == 0, done.stderr


BAD = {
    "an unknown key": ("[rtp]\nadress = '127.0.0.1'\n", 2, "adress"),
    "an unknown table": ("\n[recordings]\ndirectory = '/tmp'\n", 2, "recordings"),
    "an unknown key of an account": ("[[xmpp.account]]\nname = 'a'\npasword = 'b'\n", 3, "pasword"),
    "a number for a string": ("[xmpp]\ndomain = 5\n", 2, "domain"),
    "a string for a list": ("[sip]\nlisten = 'udp:127.0.0.1:5060'\n", 2, "listen"),
    "a number in a list of strings": ("[sip]\nlisten = [5060]\n", 2, ""),
    "an unknown dialect": ("[rayo]\ndialect = 'klingon'\n", 2, "rayo-2011"),
    "an unknown tls mode": ("[xmpp]\ntls = 'maybe'\n", 2, "optional"),
    "a transport that is not there": ("[sip]\nlisten = ['sctp:127.0.0.1:5060']\n", 2, "udp"),
    "an address without a port": ("[xmpp]\nlisten = ['127.0.0.1']\n", 2, "port"),
    "a port that cannot be": ("[xmpp]\nlisten = ['127.0.0.1:70000']\n", 2, ""),
    "ports the wrong way round": ("[rtp]\nports = '30000-20000'\n", 2, "ports"),
    "an unknown idle mode": ("[rtp]\nidle = 'music'\n", 2, "keepalive"),
    "an unknown format": ("[recording]\nformat = 'h264'\n", 2, "mp3"),
    "an unknown log level": ("[log]\nlevel = 'loud'\n", 2, "info"),
    "TOML that is not": ("[xmpp\ndomain = 'x'\n", 1, ""),
    "a key twice": ("[xmpp]\ndomain = 'x'\ndomain = 'y'\n", 3, "domain"),
    "an account without a name": ("[[xmpp.account]]\npassword = 'b'\n", 1, "name"),
    "two accounts of one name": ("[[xmpp.account]]\nname = 'a'\npassword = 'b'\n[[xmpp.account]]\nname = 'a'\npassword = 'c'\n", 5, "a"),
    "a timeout that is no duration": ("[rtp]\ntimeout = 'soon'\n", 2, "timeout"),
    "an address that is none": ("[rtp]\naddress = 'not an address'\n", 2, "address"),
}


@pytest.mark.parametrize("name", BAD)
def test_check_config_refuses_with_file_line_and_column_and_exit_2(tmp_path, name):
    text, line, names = BAD[name]
    path, done = checked(tmp_path, text)
    assert done.returncode == 2, done.stderr
    found = re.search(rf"{re.escape(str(path))}:(\d+):(\d+): (.+)", done.stderr)
    assert found, f"no file:line:column in {done.stderr!r}"
    if name != "TOML that is not" and name != "two accounts of one name":
        assert int(found.group(1)) == line, done.stderr
    assert names in done.stderr
    served = run("serve", "--config", path)
    assert served.returncode == 2 and "telegraphone ready" not in served.stdout, "serve took what check-config refuses"


def test_a_file_that_is_not_there_is_refused(tmp_path):
    done = run("check-config", tmp_path / "nowhere.toml")
    assert done.returncode in (1, 2) and "nowhere.toml" in done.stderr


def test_print_config_is_toml_that_check_config_accepts_and_holds_every_table(tmp_path):
    done = run("print-config")
    assert done.returncode == 0
    tables = tomllib.loads(done.stdout)
    assert {"xmpp", "rayo", "sip", "rtp", "recording", "log"} <= set(tables)
    assert tables["rayo"]["dialect"] == "rayo-2011" and tables["recording"]["format"] == "mp3"
    _, checked_again = checked(tmp_path, done.stdout)
    assert checked_again.returncode == 0, checked_again.stderr


def test_version_says_its_name_and_number():
    done = run("version")
    assert done.returncode == 0 and re.search(r"telegraphone.*\d+\.\d+", done.stdout)


@pytest.mark.parametrize("arguments", [(), ("frobnicate",), ("serve", "--frob"), ("check-config",)])
def test_a_wrong_command_line_is_refused(arguments):
    done = run(*arguments)
    assert done.returncode != 0 and (done.stderr + done.stdout).strip()


@pytest.mark.parametrize("which", ["xmpp", "sip udp", "sip tcp"])
def test_a_taken_port_is_one_clear_line_and_exit_1(tmp_path, which):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if which == "sip udp" else socket.SOCK_STREAM) as taken:
        server = Server(tmp_path, start=False)
        port = server.xmpp_port if which == "xmpp" else server.sip_port
        taken.bind(("127.0.0.1", port))
        if which != "sip udp":
            taken.listen()
        server.config["log"]["level"] = "warn"
        server.write_config()
        done = run("serve", "--config", server.config_file)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1 and str(port) in lines[0], done.stderr
    assert "telegraphone ready" not in done.stdout


def test_a_directory_that_cannot_be_written_to_is_one_clear_line_and_exit_1(tmp_path):
    (tmp_path / "file").write_text("in the way")
    server = Server(tmp_path / "s", start=False, recording={"directory": str(tmp_path / "file" / "recordings")},
                    log={"level": "warn"})
    done = run("serve", "--config", server.config_file)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1 and str(tmp_path / "file") in lines[0], done.stderr


def test_an_rtp_address_that_is_not_ours_is_one_clear_line_and_exit_1(tmp_path):
    server = Server(tmp_path, start=False, rtp={"address": "192.0.2.77"}, log={"level": "warn"})
    done = run("serve", "--config", server.config_file)
    assert done.returncode == 1 and "192.0.2.77" in done.stderr


def port_is_free(port):
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def test_without_a_file_it_runs_on_defaults_and_makes_an_account_with_a_password_of_its_own(tmp_path):
    """Data below $XDG_DATA_HOME; the password in a file of mode 0600, the account's name in the log, the password not."""
    if not (port_is_free(5222) and port_is_free(5060)):
        pytest.skip("the default ports are taken on this machine")
    server = Server(tmp_path, start=False)
    server.start(arguments=[])
    try:
        secret = next((tmp_path / "data").rglob("*.password"))
        assert stat.S_IMODE(os.stat(secret).st_mode) == 0o600
        name, password = secret.stem, secret.read_text().strip()
        assert len(password) >= 12
        log = server.log()
        assert name in log and str(secret) in log, "the log does not say who may log in and where the password is"
        assert password not in log
        stream = XmppStream(5222)
        stream.open_stream()
        assert stream.auth_plain(name, password).name == "success"
        stream.drop()
        first = secret.read_text()
        server.stop()
        server.start(arguments=[])
        assert secret.read_text() == first, "the password changed by a restart"
    finally:
        server.stop()
        server.kill()


def test_sighup_reloads_accounts_and_leaves_calls_and_streams_alone(bench):
    server = bench.start_server()
    client = bench.client()
    _, jid = bench.answered(client)
    component = client.record(jid, "start-beep='false'")
    server.config["xmpp"]["account"] = [{"name": "app", "password": "changed"}, {"name": "late", "password": "secret3"}]
    server.write_config()
    server.signal(signal.SIGHUP)
    for _ in range(200):
        stream = XmppStream(server.xmpp_port)
        stream.open_stream()
        answer = stream.auth_plain("late", "secret3").name
        stream.drop()
        if answer == "success":
            break
        client.sync()
    assert answer == "success"
    stream = bench.keep(XmppStream(server.xmpp_port))
    stream.open_stream()
    assert stream.auth_plain("app", "secret").name == "failure"
    assert stream.auth_plain("app", "changed").name == "success"
    client.stop(component)
    client.expect_complete(component)


def test_sighup_reloads_the_log_level(bench):
    server = bench.start_server(log={"level": "error"})
    client = bench.client()
    _, jid = bench.answered(client)
    client.hangup(jid)
    client.expect_end(jid)
    assert server.log() == ""
    server.config["log"]["level"] = "debug"
    server.write_config()
    server.signal(signal.SIGHUP)
    for _ in range(100):
        sip_call, jid = bench.answered(client, speaks=False)
        client.hangup(jid)
        client.expect_end(jid)
        if jid.split("@")[0] in server.log():
            return
    pytest.fail("nothing is logged after the level was lowered")


def test_sighup_with_a_broken_file_changes_nothing_and_says_so(bench):
    server = bench.start_server()
    client = bench.client()
    server.config_file.write_text("[rtp]\nadress = 'x'\n")
    server.signal(signal.SIGHUP)
    for _ in range(200):
        client.sync()
        if "adress" in server.log():
            break
    assert "adress" in server.log() and server.is_alive()
    bench.client("again").sync()


def test_the_log_can_be_json_one_object_a_line(bench):
    server = bench.start_server(log={"level": "debug", "format": "json"})
    client = bench.client()
    _, jid = bench.answered(client)
    client.expect_complete(client.record(jid, "max-duration='100'"))
    lines = [line for line in server.log().splitlines() if line.strip()]
    assert lines and all(isinstance(json.loads(line), dict) for line in lines)


def test_an_account_may_have_a_stored_verifier_instead_of_a_password(bench):
    salt = b"0123456789abcdef"
    salted = hashlib.pbkdf2_hmac("sha256", b"secret", salt, 4096)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    key = hmac.digest(salted, b"Server Key", "sha256")
    b64 = lambda data: base64.b64encode(data).decode()  # noqa: E731
    verifier = f"SCRAM-SHA-256$4096:{b64(salt)}${b64(stored)}:{b64(key)}"
    bench.start_server(xmpp={"account": [{"name": "app", "verifier": verifier}]})
    bench.client().sync()
    stream = bench.keep(XmppStream(bench.server.xmpp_port))
    stream.open_stream()
    assert "SCRAM-SHA-256" in stream.mechanisms
    assert stream.auth_plain("app", "wrong").name == "failure"


def test_the_default_format_can_be_configured(bench):
    bench.start_server(recording={"format": "wav"})
    client = bench.client()
    _, jid = bench.answered(client)
    assert client.expect_complete(client.record(jid, "max-duration='100'")).path.suffix == ".wav"


def test_figures_are_logged_at_sigusr1_and_at_the_end(bench):
    """A recording that hears nothing in its first two seconds is counted; SIGUSR1 and the end of the server show it."""
    server = bench.start_server()
    client = bench.client()
    _, jid = bench.answered(client, speaks=False)
    component = client.record(jid, "format='wav' max-duration='2600'")
    client.expect_complete(component)
    server.signal(signal.SIGUSR1)
    client.hangup(jid)
    client.expect_end(jid)
    assert "recordings: 1 begun, 1 completed, 0 failed, 0 interrupted, 1 unheard for their first 2 s; 1 stored" in server.log()
    server.stop()
    assert server.log().count("calls: 1 offered, 0 dialled, 1 answered") == 2
