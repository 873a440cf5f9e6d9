"""What Schemathesis must know of haina that no OpenAPI document can say."""

import base64
import hashlib
import hmac
import json
import os
import time

import schemathesis

ACTOR = "tester"
DAY = 86_400_000


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _token() -> str:
    now = int(time.time() * 1000)
    claims = {"sub": ACTOR, "app": "default", "role": "admin", "name": ACTOR, "iat_ms": now, "iat": now // 1000}
    parts = [{"alg": "HS256", "typ": "JWT"}, {**claims, "exp": now // 1000 + 3600}]
    content = ".".join(_encode(json.dumps(part).encode()) for part in parts)
    signature = hmac.new(os.environ["HAINA_SECRET"].encode(), content.encode(), hashlib.sha256).digest()
    return f"{content}.{_encode(signature)}"


@schemathesis.auth(refresh_interval=None)
class Token:
    """A token for each request, as some requests take back those of before."""

    def get(self, case, context):
        return _token()

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Nobody disables, deletes or renames who asks."""
    if not path_parameters:
        return path_parameters
    return {name: "alice" if value == ACTOR else value for name, value in path_parameters.items()}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Rules over two fields and the clock, of requests that fit the document otherwise."""
    if case.meta is not None and case.meta.generation.mode.is_negative:
        return
    rule = RULES.get((case.method.upper(), case.operation.path))
    if rule:
        rule(case)


def _times_of_notification(case):
    body = case.body
    if not isinstance(body, dict):
        return
    due = int(time.time() * 1000) + DAY
    changes = {"at": due, "expiresAt": due + DAY}
    case.body = {**body, **{name: value for name, value in changes.items() if body.get(name) is not None}}


def _span_of_figures(case):
    query = dict(case.query or {})
    if "from" not in query:
        return
    end = max(int(query.get("to", time.time() * 1000)), DAY)
    case.query = {"from": end - DAY, "to": end}


def _public_webhook(case):
    if isinstance(case.body, dict):
        case.body = {**case.body, "url": "https://example.org/haina"}


def _without_own_password(case):
    """Once there is one, the next takes it as `oldPassword`."""
    if isinstance(case.body, dict):
        case.body = {**case.body, "password": None, "nickname": case.body.get("nickname") or ""}


RULES = {
    ("PATCH", "/api/v1/users/me"): _without_own_password,
    ("POST", "/api/v1/notifications"): _times_of_notification,
    ("GET", "/api/v1/desk/stats"): _span_of_figures,
    ("POST", "/api/v1/webhooks"): _public_webhook,
}
