"""The phone that is called and the judges of what is heard prove themselves: phone against phone, sounds that are known."""

import contextlib

import numpy as np
import pytest

from support import signals, sip
from support.callee import Callee
from support.digest import Digest, _hash
from support.hearing import Heard, keys, spectrum_likeness
from support.phone import Phone

pytestmark = pytest.mark.no_binary


@contextlib.contextmanager
def pair(transport="udp", **options):
    with Callee("127.0.0.1", sink(), user="bob", options=options) as bob:
        with Phone("127.0.0.1", bob.transport.port, transport, user="alice") as alice:
            yield alice, bob


def sink():
    """A port that a callee never has to send to: it answers where requests come from."""
    return 9


def heard(pcm, rate=8000):
    return Heard(pcm, rate, 0.0, 0)


def test_a_phone_rings_answers_speaks_and_hears():
    with pair() as (alice, bob):
        call = alice.invite(bob.uri)
        leg = bob.wait_call()
        leg.ring(headers=[("X-Ring", "1")])
        assert call.wait_response(status=180).get("X-Ring") == "1"
        leg.answer()
        call.wait_answered()
        call.media.play(signals.tone(440, 3)), leg.media.play(signals.tone(1000, 3))
        there = leg.media.listen(0.6)
        there.check(hears=[440], misses=[1000])
        call.media.hearing(there.begin).check(hears=[1000], misses=[440])
        call.bye()
        assert leg.ended


@pytest.mark.parametrize("status", [404, 486, 603])
def test_a_phone_refuses(status):
    with pair() as (alice, bob):
        call = alice.invite(bob.uri)
        bob.wait_call().refuse(status)
        assert call.wait_final().status == status


def test_a_phone_that_is_given_up_says_so():
    with pair() as (alice, bob):
        call = alice.invite(bob.uri)
        leg = bob.wait_call()
        leg.ring()
        call.wait_response(status=180)
        assert call.cancel().status == 200 and call.wait_final().status == 487 and leg.is_cancelled


@pytest.mark.parametrize("reliable", [False, True])
def test_a_phone_is_heard_before_it_answers(reliable):
    with pair(play=signals.tone(600, 5)) as (alice, bob):
        call = alice.invite(bob.uri, supported=("100rel",))
        leg = bob.wait_call()
        leg.early(reliable=reliable)
        assert bool(leg.requests) == reliable  # the PRACK
        call.wait_response(status=183)
        call.media.listen(0.5).check(hears=[600])
        leg.answer()
        call.wait_answered()


def test_forks_have_tags_of_their_own():
    with pair() as (alice, bob):
        call = alice.invite(bob.uri)
        one = bob.wait_call()
        two = one.fork()
        one.ring(), two.ring()
        two.answer(wait=False)
        assert call.wait_answered().to_tag == two.tag != one.tag
        two.wait_request("ACK")
        assert one.requests == []


@pytest.mark.parametrize("algorithm, qop", [("MD5", "auth"), ("MD5", None), ("SHA-256", "auth")])
@pytest.mark.parametrize("password, verdict", [("secret", "right"), ("guess", "wrong response")])
def test_a_digest_is_really_checked(algorithm, qop, password, verdict):
    digest = Digest("bob", "secret", algorithm=algorithm, qop=qop)
    name, value = digest.challenge()
    assert name == "Proxy-Authenticate"
    nonce = value.split('nonce="')[1].split('"')[0]
    middle = f"{nonce}:00000001:c:auth" if qop else nonce
    response = _hash(algorithm, f"{_hash(algorithm, f'bob:gateway.test:{password}')}:{middle}:"
                                f"{_hash(algorithm, 'INVITE:sip:x@y')}")
    given = (f'Digest username="bob", realm="gateway.test", nonce="{nonce}", uri="sip:x@y", response="{response}"'
             + (', qop=auth, nc=00000001, cnonce="c"' if qop else ""))
    request = sip.Message("INVITE sip:x@y SIP/2.0", [("Proxy-Authorization", given)])
    assert digest.admits(request) == (verdict == "right") and digest.verdicts == [("INVITE", verdict)]
    assert not digest.admits(sip.Message("INVITE sip:x@y SIP/2.0", []))


def test_keys_are_read_from_their_tones_and_not_from_speech():
    said = signals.join(*[part for key in "159#D" for part in (signals.dtmf(key, 0.08), signals.silence(0.06))])
    assert keys(said) == "159#D"
    assert keys(signals.join(signals.speech(), signals.tone(697, 0.5), signals.tone(1336, 0.5))) == ""


def test_a_tone_counts_as_heard_beside_others_and_not_when_it_is_an_echo_of_quantisation():
    both = (signals.tone(500, 1).astype(int) + signals.tone(1130, 1)).astype(np.int16)
    heard(both).check(hears=[500, 1130], misses=[800, 1760])
    with pytest.raises(AssertionError):
        heard(both).check(misses=[500])
    with pytest.raises(AssertionError):
        heard(both).check(hears=[700])


def test_words_are_like_themselves_and_unlike_tones():
    said, other = signals.speech("You have four new messages."), signals.speech("Please enter your number now.")
    assert spectrum_likeness(said, said[800:]) > 0.95
    assert spectrum_likeness(said, signals.tone(440, 1)) < 0.8
    alike, at = heard(signals.join(signals.silence(0.5), said, signals.silence(0.3))).likeness(said)
    assert alike > 0.99 and at == pytest.approx(0.5, abs=0.001)
    assert heard(other).likeness(said)[0] < 0.5
