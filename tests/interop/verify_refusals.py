# Debian's python3-twilio below its resources: each line read is a request (JSON), each line printed is the
# reply as it came, and what the SDK made of it. tests/lib/sdk.js runs it.
import json
import sys
from urllib.parse import parse_qs, urlsplit

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

for line in sys.stdin:
    asked = json.loads(line)
    http = TwilioHttpClient()
    client = Client(asked["user"], asked["password"], account_sid=asked["account"], http_client=http)
    client.verify.base_url = asked["url"]
    version = client.verify.v2
    act = {"GET": version.fetch, "POST": version.update, "DELETE": version.delete}[asked["method"]]
    path = urlsplit(asked["path"])
    params = asked.get("params") or {}
    fields = {"data": params} if asked["method"] == "POST" else {"params": {**parse_qs(path.query), **params}}
    error = None
    try:
        act(method=asked["method"], uri=path.path, **fields)
    except TwilioRestException as e:
        error = {"name": "TwilioRestException", "status": e.status, "code": e.code}
    reply = http.last_response
    print(json.dumps({"status": reply.status_code, "headers": dict(reply.headers), "text": reply.text, "error": error}), flush=True)
