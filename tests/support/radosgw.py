"""A radosgw of one test module (tools/radosgw), and requests to it that are signed by ourselves."""

import datetime
import hashlib
import hmac
import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
LONGEST_START = 180


def missing():
    return subprocess.run([TOOLS / "radosgw", "--missing"], capture_output=True, text=True, check=True).stdout.strip()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, {n.lower(): v for n, v in headers.items()}, body


class Radosgw:
    def __init__(self, log):
        self.log = open(log, "w+", encoding="utf-8")
        self.process = subprocess.Popen([TOOLS / "radosgw"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        text=True)
        line = self.process.stdout.readline()
        if not line:
            self.stop()
            self.log.seek(0)
            raise RuntimeError("radosgw does not start: " + self.log.read())
        told = json.loads(line)
        self.endpoint, self.bucket = told["endpoint"], told["bucket"]
        self.access_key, self.secret_key = told["access_key"], told["secret_key"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)

    def settings(self, **others):
        return {"strategy": "s3", "endpoint": self.endpoint, "bucket": self.bucket, "access-key": self.access_key,
                "secret-key": self.secret_key, "part-size": 5 << 20, "multipart-above": 5 << 20, **others}

    def request(self, method, key="", query="", headers=None):
        """Signature v4 over an empty body; `query` sorted and encoded."""
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        path = f"/{self.bucket}" + (f"/{urllib.parse.quote(key)}" if key else "")
        empty = hashlib.sha256(b"").hexdigest()
        fields = {"host": self.endpoint.split("//")[1], "x-amz-content-sha256": empty, "x-amz-date": stamp, **(headers or {})}
        names = ";".join(sorted(fields))
        lines = "".join(f"{name}:{fields[name]}\n" for name in sorted(fields))
        canonical = "\n".join([method, path, query, lines, names, empty])
        scope = f"{day}/us-east-1/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        signing = ("AWS4" + self.secret_key).encode()
        for part in scope.split("/"):
            signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(signing, text.encode(), hashlib.sha256).hexdigest()
        fields["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, SignedHeaders={names}, "
                                   f"Signature={signature}")
        del fields["host"]
        request = urllib.request.Request(self.endpoint + path + (f"?{query}" if query else ""), method=method, headers=fields)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def uploads(self):
        return self.request("GET", query="uploads=").body.decode().count("<UploadId>")
