"""A sign-in of an organisation on loopback, for tests: what it says of a person can be set, also what no honest one says."""

import base64
import hashlib
import hmac
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "policyqa", "client-secret-of-the-test"


def _encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider:
    """`claims` change what the ID token says, `key` and `algorithm` how it is signed."""

    def __init__(self):
        self.known = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
        self.stranger = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
        self.reset()

    def reset(self):
        self.claims, self.key, self.algorithm, self.codes, self.asked = {}, self.known, "RS256", {}, []

    def code_for(self, address):
        """Sign a person in at the address that the browser was sent to; return what it comes back with."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
        self.codes["code-1"] = asked
        return {"code": "code-1", "state": asked["state"]}

    def answer(self, form):
        """The token endpoint: (status, body)."""
        self.asked.append(form)
        asked = self.codes.pop(form.get("code"), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proven = _encoded(digest)
        if asked is None or asked.get("code_challenge") != proven or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": "u-1", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
        } | self.claims  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": "k1"}
        if self.algorithm == "none":
            parts = (_encoded(json.dumps(p).encode()) for p in (header, claims))
            token = ".".join((*parts, ""))
        elif self.algorithm == "HS256":
            # Forged with the public key: a verifier that takes it for a secret believes it. No library signs so.
            parts = [_encoded(json.dumps(p).encode()) for p in (header, claims)]
            secret = self.known.as_pem(private=False)
            token = ".".join((*parts, _encoded(hmac.digest(secret, ".".join(parts).encode(), "sha256"))))
        else:
            token = jwt.encode(header, claims, self.key, algorithms=[self.algorithm])
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": token}

    def offered(self):
        """Its configuration."""
        ends = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token")}
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **ends}


@contextmanager
def running():
    """A provider that answers."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def told(self, status, body):
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self):
            if self.path.endswith("/keys"):
                self.told(200, {"keys": [provider.known.as_dict(private=False)]})
            else:
                self.told(200, provider.offered())

        def do_POST(self):
            basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            if self.headers["authorization"] != f"Basic {basic}":
                self.told(401, {"error": "invalid_client"})
                return
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            self.told(*provider.answer({k: v[0] for k, v in parse_qs(text).items()}))

        def log_message(self, *told):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
