#!/usr/bin/python3
"""A web server that takes uploads, for tests of the store `http`: prints its port; ends when standard input does.

What the path begins with decides what it wants and does:
    /plain    PUT, GET, HEAD, DELETE                 /digest   the same, for alice:secret by HTTP Digest (RFC 7616, SHA-256)
    /bearer   the same, with the token "t0ken"         /post   POST only: 201 with a relative Location
    /liar     says 201 and keeps nothing     /no       507 Insufficient Storage        /moved    302
--port N: listens there. With a directory as its argument: HTTPS with server.pem and server.key of it, for who has a certificate of ca.pem.
Verifies Content-Digest. `GET /_state`: what is kept, with the headers that it came with.
"""
import base64
import hashlib
import http.server
import json
import re
import ssl
import sys
import threading

KEPT = {}
NONCE = "n0nce"


def h(text):
    return hashlib.sha256(text.encode()).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=None, length=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def is_allowed(self):
        given = self.headers.get("Authorization", "")
        if self.path.startswith("/bearer"):
            return given == "Bearer t0ken"
        if not self.path.startswith("/digest"):
            return True
        part = dict(re.findall(r'(\w+)="?([^",]+)"?', given))
        ha1, ha2 = h("alice:here:secret"), h(f"{self.command}:{self.path}")
        wanted = h(f"{ha1}:{NONCE}:{part.get('nc')}:{part.get('cnonce')}:auth:{ha2}")
        return given.startswith("Digest ") and part.get("response") == wanted

    def handle_request(self):
        if self.path == "/_state":
            told = {path: {"sha256": hashlib.sha256(body).hexdigest(), "headers": headers, "times": times}
                    for path, (body, headers, times) in KEPT.items()}
            return self.answer(200, json.dumps(told).encode())
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.is_allowed():
            return self.answer(401, b"who are you?", {
                "WWW-Authenticate": f'Digest realm="here", nonce="{NONCE}", algorithm=SHA-256, qop="auth"'})
        if self.path.startswith("/no"):
            return self.answer(507, b"the disk\nis full")
        if self.path.startswith("/moved"):
            return self.answer(302, b"", {"Location": "/plain/x"})
        if self.command in ("GET", "HEAD"):
            if self.path not in KEPT:
                return self.answer(404)
            kept = KEPT[self.path][0]
            digest = base64.b64encode(hashlib.sha256(kept).digest()).decode()
            return self.answer(200, b"" if self.command == "HEAD" else kept, {"Repr-Digest": f"sha-256=:{digest}:"}, len(kept))
        if self.command == "DELETE":
            return self.answer(204 if KEPT.pop(self.path, None) else 404)
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if f"sha-256=:{digest}:" != self.headers.get("Content-Digest"):
            return self.answer(400, b"Content-Digest")
        if self.path.startswith("/post"):
            if self.command != "POST":
                return self.answer(405)
            key = self.headers["Idempotency-Key"].strip('"').replace("/", "-")
            KEPT[f"/files/{key}"] = (body, dict(self.headers), KEPT.get(f"/files/{key}", (0, 0, 0))[2] + 1)
            return self.answer(201, b"", {"Location": f"/files/{key}"})
        if not self.path.startswith("/liar"):
            KEPT[self.path] = (body, dict(self.headers), KEPT.get(self.path, (0, 0, 0))[2] + 1)
        return self.answer(201)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_request


arguments = sys.argv[1:]
port = int(arguments[1]) if arguments[:1] == ["--port"] else 0
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
server.daemon_threads = True
if arguments and not port:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(arguments[0] + "/server.pem", arguments[0] + "/server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(arguments[0] + "/ca.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
