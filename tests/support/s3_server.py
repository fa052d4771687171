#!/usr/bin/python3
"""A small S3 server for tests that really verifies: signature v4, the payload's SHA-256, x-amz-checksum-sha256.

    s3_server.py [--port 0] [--bucket recordings]      prints its port; ends when standard input does

Path style and virtual-host style (any host name that starts with "<bucket>."). Objects live in memory. It misbehaves as it
is told by `POST /_misbehave` with a JSON list of faults, each {"fault": …, "times": n, "method": "PUT" (any), "query": "partNumber"
(any)}; `GET /_state` gives objects, uploads, requests and refusals as JSON.

    error       answers 503 SlowDown                            lost-answer  does it, and closes without an answer
    reset       takes half of the body and resets the connection
    slow        waits `seconds` before it answers                corrupt      stores it with a byte changed
    wrong-sum   says another checksum than that of the object   forget       says yes and keeps nothing
    no-sums     knows no x-amz-checksum-*, as older Ceph         opaque-etag  an ETag that is no MD5
    late-error  a completed upload's 200 with an <Error> in it   expired      403 ExpiredToken
    slow-body   takes and gives bodies in 16 pieces, in `seconds` altogether
    corrupt-part keeps a part with a byte changed                 lost-upload  has forgotten the upload: 404 NoSuchUpload
    forbidden   403 AccessDenied

Parts may come in any order and be replaced; all but the last must have 5 MiB.
"""
import argparse
import base64
import datetime
import hashlib
import hmac
import http.server
import json
import re
import socket
import struct
import sys
import threading
import time
import urllib.parse

ACCESS, SECRET = "test-access", "test-secret"
LOCK = threading.Lock()


class State:
    def __init__(self, bucket):
        self.bucket = bucket
        self.objects, self.uploads, self.faults = {}, {}, []
        self.requests, self.refusals, self.number, self.began = [], [], 0, {}


def sha256(data):
    return hashlib.sha256(data).digest()


def b64(data):
    return base64.b64encode(data).decode()


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Refused(Exception):
    def __init__(self, status, code, message=""):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message or code


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    # ---- what it was told to do wrong ----

    def fault(self, *names):
        with LOCK:
            for one in self.server.state.faults:
                if one["fault"] in names and one.get("times", 1) > 0 and one.get("method", self.command) == self.command \
                        and one.get("query", "") in self.path and not self.path.startswith("/_"):
                    one["times"] = one.get("times", 1) - 1
                    return one
        return None

    # ---- signature v4 ----

    def verify_signature(self, body):
        authorization = self.headers.get("Authorization", "")
        found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
                             r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})", authorization)
        if not found:
            raise Refused(403, "AccessDenied", "no signature")
        access, day, region, names, signature = found.groups()
        if access != ACCESS:
            raise Refused(403, "InvalidAccessKeyId")
        stamp = self.headers.get("x-amz-date", "")
        at = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if abs(at.timestamp() - time.time()) > 900 or not stamp.startswith(day):
            raise Refused(403, "RequestTimeTooSkewed")
        names = names.split(";")
        for needed in ["host"] + [n.lower() for n in self.headers if n.lower().startswith("x-amz-")]:
            if needed not in names:
                raise Refused(403, "AccessDenied", f"{needed} is not signed")
        if names != sorted(names):
            raise Refused(403, "SignatureDoesNotMatch", "headers out of order")
        path, _, query = self.path.partition("?")
        pairs = [pair.partition("=") for pair in query.split("&") if pair]
        query = "&".join(sorted(f"{name}={value}" for name, _, value in pairs))
        headers = "".join(f"{n}:{' '.join(self.headers.get(n, '').split())}\n" for n in names)
        payload = self.headers.get("x-amz-content-sha256", "")
        canonical = "\n".join([self.command, path, query, headers, ";".join(names), payload])
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, f"{day}/{region}/s3/aws4_request", sha256(canonical.encode()).hex()])
        key = ("AWS4" + SECRET).encode()
        for part in (day, region, "s3", "aws4_request"):
            key = sign(key, part)
        if not hmac.compare_digest(sign(key, text).hex(), signature):
            raise Refused(403, "SignatureDoesNotMatch", "The request signature we calculated does not match")
        if payload != "UNSIGNED-PAYLOAD" and payload != sha256(body).hex():
            raise Refused(400, "XAmzContentSHA256Mismatch")
        checksum = self.headers.get("x-amz-checksum-sha256")
        if checksum and checksum != b64(sha256(body)):
            raise Refused(400, "BadDigest")

    # ---- HTTP ----

    def answer(self, status, body=b"", headers=None):
        if self.fault("lost-answer"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        slow = self.fault("slow")
        if slow:
            time.sleep(slow.get("seconds", 3))
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            for piece in self.pieces(len(body)):
                self.wfile.write(body[piece[0]:piece[1]])

    def pieces(self, length):
        """Places of a body that goes at once, or slowly."""
        slow = length > 1000 and self.fault("slow-body")
        step = -(-length // 16) if slow else max(1, length)
        for at in range(0, length, step):
            if slow:
                time.sleep(slow.get("seconds", 3) / 16)
            yield at, min(length, at + step)

    def refuse(self, refused):
        with LOCK:
            self.server.state.refusals.append(refused.code)
        self.answer(refused.status, f"<?xml version='1.0'?><Error><Code>{refused.code}</Code>"
                                    f"<Message>{refused.message}</Message></Error>".encode())

    def handle_request(self):
        state = self.server.state
        length = int(self.headers.get("Content-Length", 0))
        if self.path == "/_misbehave":
            with LOCK:
                state.faults = json.loads(self.rfile.read(length))
            return self.answer(200)
        if self.path == "/_state":
            with LOCK:
                told = {"objects": {k: {"size": len(o["body"]), "sha256": sha256(o["body"]).hex(), "headers": o["headers"],
                                        "puts": o["puts"]} for k, o in state.objects.items()},
                        "uploads": len(state.uploads),
                        "parts": {k: sorted(parts) for k, _, parts in state.uploads.values()}, "requests": state.requests, "refusals": state.refusals}
            return self.answer(200, json.dumps(told).encode())
        with LOCK:
            state.requests.append(f"{self.command} {self.path}")
        if self.fault("reset"):
            self.rfile.read(length // 2)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return None
        body = b"".join(self.rfile.read(end - at) for at, end in self.pieces(length))
        try:
            if self.fault("error"):
                raise Refused(503, "SlowDown", "Please reduce your request rate")
            if self.fault("expired"):
                raise Refused(403, "ExpiredToken", "The provided token has expired")
            if self.fault("forbidden"):
                raise Refused(403, "AccessDenied")
            self.verify_signature(body)
            self.operate(body)
        except Refused as refused:
            self.refuse(refused)
        return None

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_request

    # ---- S3 ----

    def place(self):
        state = self.server.state
        path, _, query = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        path = urllib.parse.unquote(path).lstrip("/")
        if self.headers.get("Host", "").startswith(state.bucket + "."):
            return path, query
        bucket, _, key = path.partition("/")
        if bucket != state.bucket:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist")
        return key, query

    def kept_headers(self):
        return {n.lower(): v for n, v in self.headers.items()
                if n.lower() == "content-type" or (n.lower().startswith("x-amz-") and n.lower() not in (
                    "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "x-amz-checksum-sha256"))}

    def sums(self):
        return not self.fault("no-sums")

    def operate(self, body):
        state = self.server.state
        key, query = self.place()
        lost = "uploadId" in query and self.fault("lost-upload")
        corrupt = "partNumber" in query and self.fault("corrupt-part")
        with LOCK:
            if lost:
                state.uploads.pop(query["uploadId"], None)
            if corrupt:
                body = body[:-1] + bytes([body[-1] ^ 1])
            if self.command == "GET" and "uploads" in query:
                found = "".join(f"<Upload><Key>{k}</Key><UploadId>{i}</UploadId>"
                                f"<Initiated>{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(state.began[i]))}</Initiated></Upload>"
                                for i, (k, _, _) in state.uploads.items() if k.startswith(query.get("prefix", "")))
                return_later = (200, f"<ListMultipartUploadsResult>{found}</ListMultipartUploadsResult>".encode(), {})
            elif self.command == "POST" and "uploads" in query:
                state.number += 1
                state.uploads[f"upload+{state.number}/x"] = (key, self.kept_headers(), {})
                state.began[f"upload+{state.number}/x"] = time.time()
                return_later = (200, f"<R><UploadId>upload+{state.number}/x</UploadId></R>".encode(), {})
            elif "uploadId" in query and query["uploadId"] not in state.uploads:
                raise Refused(404, "NoSuchUpload")
            elif self.command == "PUT" and "partNumber" in query:
                state.uploads[query["uploadId"]][2][int(query["partNumber"])] = body
                return_later = (200, b"", {"ETag": f'"{hashlib.md5(body).hexdigest()}"'})
                if "x-amz-checksum-sha256" in self.headers:
                    return_later[2]["x-amz-checksum-sha256"] = b64(sha256(body))
            elif self.command == "DELETE" and "uploadId" in query:
                del state.uploads[query["uploadId"]]
                return_later = (204, b"", {})
            else:
                return_later = None
        if return_later:
            if "x-amz-checksum-sha256" in return_later[2] and not self.sums():
                del return_later[2]["x-amz-checksum-sha256"]
            return self.answer(*return_later)
        if self.command == "POST" and "uploadId" in query:
            return self.complete(key, query["uploadId"], body)
        if self.command == "DELETE":
            with LOCK:
                state.objects.pop(key, None)
            return self.answer(204)
        if self.command == "PUT":
            return self.keep(key, body, self.kept_headers(), hashlib.md5(body).hexdigest(), b64(sha256(body)))
        return self.show(key)

    def complete(self, key, upload_id, body):
        state = self.server.state
        if self.fault("late-error"):
            return self.answer(200, b"<Error><Code>InternalError</Code><Message>try again</Message></Error>")
        with LOCK:
            _, headers, parts = state.uploads[upload_id]
        asked = re.findall(r"<Part>(.*?)</Part>", body.decode())
        whole, md5s, sums = b"", b"", b""
        for text in asked:
            part = parts.get(int(re.search(r"<PartNumber>(\d+)<", text).group(1)))
            etag = re.search(r"<ETag>(?:&quot;)?([0-9a-f]+)", text).group(1)
            checksum = re.search(r"<ChecksumSHA256>([^<]+)<", text)
            if part and len(part) < 5 << 20 and text is not asked[-1]:
                raise Refused(400, "EntityTooSmall")
            if part is None or hashlib.md5(part).hexdigest() != etag or (checksum and checksum.group(1) != b64(sha256(part))):
                raise Refused(400, "InvalidPart")
            whole, md5s, sums = whole + part, md5s + hashlib.md5(part).digest(), sums + sha256(part)
        with LOCK:
            del state.uploads[upload_id]
        count = len(asked)
        return self.keep(key, whole, headers, f"{hashlib.md5(md5s).hexdigest()}-{count}", f"{b64(sha256(sums))}-{count}",
                         b"<CompleteMultipartUploadResult/>")

    def keep(self, key, body, headers, etag, checksum, says=b""):
        if self.fault("corrupt"):
            body = bytes([body[0] ^ 1]) + body[1:]
            etag, checksum = hashlib.md5(body).hexdigest(), b64(sha256(body))
        if self.fault("opaque-etag"):
            etag = "opaque"
        if not self.fault("forget"):
            with LOCK:
                puts = self.server.state.objects.get(key, {"puts": 0})["puts"] + 1
                self.server.state.objects[key] = {"body": body, "headers": headers, "etag": etag, "sum": checksum,
                                                  "puts": puts}
        return self.answer(200, says, {"ETag": f'"{etag}"'})

    def show(self, key):
        with LOCK:
            found = self.server.state.objects.get(key)
        if found is None:
            raise Refused(404, "NoSuchKey")
        headers = dict(found["headers"], ETag=f'"{found["etag"]}"')
        headers["Content-Length"] = str(len(found["body"]))
        if self.headers.get("x-amz-checksum-mode") == "ENABLED" and self.sums():
            headers["x-amz-checksum-sha256"] = b64(b"wrong") if self.fault("wrong-sum") else found["sum"]
        return self.answer(200, b"" if self.command == "HEAD" else found["body"], headers)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--bucket", default="recordings")
    options = options.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # clients that are killed
    server.state = State(options.bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
