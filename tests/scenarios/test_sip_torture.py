"""The torture messages of RFC 4475 and other unkind datagrams: whatever is sent, the server goes on serving calls."""

import socket
from pathlib import Path

from support import signals
from support.call import check_file

MESSAGES = sorted((Path(__file__).parent.parent / "data" / "rfc4475").glob("*.dat"))


def send(server, *datagrams):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        for data in datagrams:
            one.sendto(data, ("127.0.0.1", server.sip_port))


def test_after_each_torture_message_options_is_answered_and_then_a_call_is_recorded(bench):
    """Each message goes out over UDP, and once more over TCP; after each the server still answers OPTIONS."""
    server = bench.start_server()
    phone = bench.phone()
    assert len(MESSAGES) == 49
    for path in MESSAGES:
        send(server, path.read_bytes())
        assert phone.request("OPTIONS").status == 200, path.name
    for path in MESSAGES:
        with socket.create_connection(("127.0.0.1", server.sip_port)) as one:
            one.sendall(path.read_bytes())
        assert phone.request("OPTIONS").status == 200, path.name
    client = bench.client()
    _, jid = bench.answered(client, play=signals.marks(3))
    check_file(client.expect_complete(client.record(jid, "max-duration='300'")))


def test_datagrams_that_are_no_sip_are_dropped(bench):
    server = bench.start_server()
    send(server, b"", b"\r\n\r\n", b"\0" * 1000, b"\xff" * 60000, b"INVITE", b"INVITE sip:x SIP/2.0\r\n\r\n",
         b"SIP/2.0 200 OK\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
         b"INVITE sip:" + b"a" * 30000 + b"@h SIP/2.0\r\nVia: x\r\n\r\n")
    assert bench.phone().request("OPTIONS").status == 200
    assert bench.phone("tcp").request("OPTIONS").status == 200


def test_a_burst_of_requests_whose_via_names_hosts_that_nobody_knows_delays_nobody(bench):
    """No response waits on DNS, in which such a burst would make a SIP stack block (ARCHITECTURE.md: names are never
    looked up)."""
    server = bench.start_server()
    send(server, *(f"OPTIONS sip:app@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP host{n}.nowhere.invalid;branch=z9hG4bKx{n}\r\n"
                   f"From: <sip:a@b>;tag=1\r\nTo: <sip:app@127.0.0.1>\r\nCall-ID: dns{n}\r\nCSeq: 1 OPTIONS\r\n"
                   f"Max-Forwards: 70\r\nContact: <sip:a@host{n}.nowhere.invalid>\r\nContent-Length: 0\r\n\r\n".encode()
                   for n in range(100)))
    assert bench.phone().request("OPTIONS").status == 200
