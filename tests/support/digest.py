"""The server's side of HTTP digest in SIP (RFC 3261 §22, RFC 7616): challenges, and really checks what comes back."""

import hashlib
import re

from support import sip


def _hash(algorithm, text):
    return hashlib.new({"MD5": "md5", "SHA-256": "sha256"}[algorithm], text.encode()).hexdigest()


class Digest:
    """`status`: 407 as a proxy, 401 as an end point. `verdicts` keeps (method, what became of it): "none", "right", or
    what was wrong."""

    def __init__(self, user, password, realm="gateway.test", status=407, algorithm="MD5", qop="auth"):
        self.user, self.password, self.realm = user, password, realm
        self.status, self.algorithm, self.qop = status, algorithm, qop
        self.nonces = set()
        self.verdicts = []

    def challenge(self, stale=False):
        """The header that asks for a response."""
        nonce = sip.token(24)
        self.nonces.add(nonce)
        name = "Proxy-Authenticate" if self.status == 407 else "WWW-Authenticate"
        fields = [f'realm="{self.realm}"', f'nonce="{nonce}"', f"algorithm={self.algorithm}"]
        fields += [f'qop="{self.qop}"'] if self.qop else []
        fields += ["stale=true"] if stale else []
        return name, "Digest " + ", ".join(fields)

    def admits(self, request):
        verdict = self._judge(request)
        self.verdicts.append((request.method, verdict))
        return verdict == "right"

    def _judge(self, request):
        given = request.get("Proxy-Authorization" if self.status == 407 else "Authorization")
        if given is None:
            return "none"
        if not given.lower().startswith("digest "):
            return "not a digest"
        fields = {name.lower(): quoted or plain
                  for name, quoted, plain in re.findall(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))', given[7:])}
        if fields.get("nonce") not in self.nonces:
            return "a nonce that was not given out"
        if (fields.get("username"), fields.get("realm")) != (self.user, self.realm):
            return "another user or realm"
        if fields.get("uri") != request.uri:
            return f"uri is {fields.get('uri')}, not {request.uri}"
        secret = _hash(self.algorithm, f"{self.user}:{self.realm}:{self.password}")
        what = _hash(self.algorithm, f"{request.method}:{fields['uri']}")
        if self.qop:
            if fields.get("qop") != self.qop or not fields.get("cnonce") or not fields.get("nc"):
                return "qop, cnonce and nc do not fit"
            text = f"{secret}:{fields['nonce']}:{fields['nc']}:{fields['cnonce']}:{self.qop}:{what}"
        else:
            text = f"{secret}:{fields['nonce']}:{what}"
        return "right" if _hash(self.algorithm, text) == fields.get("response") else "wrong response"
