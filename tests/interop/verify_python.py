# Debian's python3-twilio, unmodified, told by its environment where to go. verify-python.test.js runs it:
# each line that it reads is a question (a JSON list: name, arguments), each line that it prints an answer.
import json
import os
import sys
from datetime import datetime, timezone
from urllib.parse import urlsplit, urlunsplit

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client


class OwnHost(TwilioHttpClient):
    def request(self, method, url, *args, **kwargs):
        to, u = urlsplit(os.environ["VERIFY_BASE_URL"]), urlsplit(url)
        return super().request(method, urlunsplit((to.scheme, to.netloc, u.path, u.query, "")), *args, **kwargs)


sid, token = os.environ["ACCOUNT_SID"], os.environ["AUTH_TOKEN"]
client = Client(sid, token)
client.verify.base_url = os.environ["VERIFY_BASE_URL"]
hooked = Client(sid, token, http_client=OwnHost())
service = client.verify.v2.services(os.environ["SERVICE_SID"])


def facts(thing):
    """What the SDK has made of a reply, as far as JSON can say it."""
    if isinstance(thing, list):
        return [facts(one) for one in thing]
    if not hasattr(thing, "_properties"):
        return thing
    return json.loads(json.dumps(thing._properties, default=lambda o: {"datetime": o.isoformat()}))


def on(path):
    """"entities:alice-0001.factors" -> service.entities("alice-0001").factors; "/services" from the client."""
    at = client.verify.v2 if path.startswith("/") else service
    for step in path.lstrip("/").split("."):
        name, _, argument = step.partition(":")
        at = getattr(at, name)
        if argument:
            at = at(argument)
    return at


def call(path, method, arguments):
    for name in ("expiration_date", "date_created_after"):
        if name in arguments:
            arguments[name] = datetime.fromtimestamp(arguments[name], timezone.utc)
    return facts(getattr(on(path), method)(**arguments))


for line in sys.stdin:
    question = json.loads(line)
    try:
        if question[0] == "hooked":
            answer = hooked.verify.v2.services(os.environ["SERVICE_SID"]).fetch().friendly_name
        elif question[0] == "validate":
            answer = RequestValidator(token).validate(*question[1:])
        else:
            answer = call(*question)
        print(json.dumps({"answer": answer}), flush=True)
    except TwilioRestException as e:
        print(json.dumps({"status": e.status, "code": e.code}), flush=True)
