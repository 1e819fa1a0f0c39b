"""Prepare answered calls for a load generator of the media path, which plays the carrier (docs/operations.md)."""

import base64
import hashlib
import hmac
import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from calls import carrier, stream_tokens
from calls.lifecycle import Stage
from calls.models import Call, Verification
from calls.services.calls import call_moved, call_request


class Command(BaseCommand):
    help = (
        "Make calls that look answered and print, for each, a JSON line: url, params, headers, call_sid. For measuring "
        "only: it refuses to run against the real carrier."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--calls", type=int, default=100)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.TWILIO_BASE_URL == "https://api.twilio.com":
            raise CommandError("TWILIO_BASE_URL is the real carrier's. Measure with a database and carrier of its own.")
        for number in range(options["calls"]):
            self.stdout.write(json.dumps(_stream(number)))


def _stream(number: int) -> dict[str, Any]:
    verification = Verification.objects.create(
        name=f"Load Test {number}",
        phone="+12025550100",
        facts={"date_of_birth": "1985-03-05", "ssn_last_4": "4321"},
    )
    now = timezone.now()
    call = call_request(verification=verification, now=now)
    sid = f"CA{call.pk:032x}"
    # `ringing`, so that no dialer takes it: the load generator is its carrier.
    Call.objects.filter(pk=call.pk).update(claimed_at=now)
    call_moved(call_id=call.pk, stage=Stage.RINGING, now=now, carrier_sid=sid)
    url = carrier.stream_url(verification_id=verification.pk, call_id=call.pk)
    signature = hmac.new(settings.TWILIO_AUTH_TOKEN.encode(), url.encode(), hashlib.sha1).digest()
    token = stream_tokens.make(verification_id=verification.pk, call_id=call.pk)
    return {
        "url": url,
        "params": {"token": token},
        "headers": {"X-Twilio-Signature": base64.b64encode(signature).decode()},
        "call_sid": sid,
    }
