"""What staff take away from the desk, and what it computes from a recording: bundles, exports, peaks."""

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from pytest_django import Settings

from calls.models import AuditEntry, Review
from calls.peaks import recording_peaks
from tests import factories
from tests.desk_stage import ended_call, record_wav, staff, trail

pytestmark = pytest.mark.django_db


def test_peaks_are_the_loudest_of_each_twentieth_of_a_second_and_kept(settings: Settings) -> None:
    record_wav(settings, "a.wav")
    path = Path(settings.RECORDINGS_DIR) / "a.wav"
    expected = {"per_s": 20, "ms": 1000, "caller": [50] * 10 + [0] * 10, "agent": [0] * 10 + [99] * 10}
    assert recording_peaks(path) == expected
    kept = path.with_suffix(".peaks.json")
    kept.write_text(json.dumps({**expected, "ms": 7}))
    assert recording_peaks(path)["ms"] == 7


def test_a_bundle_s_manifest_sums_up_every_file(client: Client, settings: Settings) -> None:
    call = ended_call(recording="a.wav", verification=factories.verification(name="Łukasz Żak"))
    record_wav(settings, "a.wav")
    user = staff(client, "auditor")
    Review.objects.create(call=call, reviewer=user, decision="confirm", status=call.status, at=factories.NOW)
    answer = client.get(f"/admin/calls/call/{call.pk}/bundle/")
    bundle = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    manifest = json.loads(bundle.read("manifest.json"))
    folder = f"call-{call.pk}/"
    texts = ("call.json", "transcript.txt", "evidence.json", "events.json", "reviews.json")
    names = (*texts, "summary.pdf", "recording.wav")
    assert manifest["sha256"] == {
        folder + name: hashlib.sha256(bundle.read(folder + name)).hexdigest() for name in names
    }
    assert (manifest["calls"], manifest["made_by"], manifest["facts"]) == (1, "rita", "open")
    assert json.loads(bundle.read(folder + "evidence.json"))[0]["expected"] == "1985-03-05"
    assert json.loads(bundle.read(folder + "reviews.json"))[0]["reviewer"] == "rita"
    assert bundle.read(folder + "summary.pdf").startswith(b"%PDF-")
    assert "The fifth of March 1985" in bundle.read(folder + "transcript.txt").decode()
    assert trail() == [("rita", "exported", "call", str(call.pk))]


def test_a_bundle_of_a_filtered_list_masks_facts_for_those_who_may_not_reveal_them(
    client: Client, settings: Settings
) -> None:
    calls = [ended_call(recording="a.wav") for _ in range(2)]
    record_wav(settings, "a.wav")
    user = staff(client, "auditor")
    user.groups.clear()
    user.user_permissions.set(Group.objects.get(name="auditor").permissions.exclude(codename="reveal_facts"))
    ticked = {"action": "bundle_selected", "_selected_action": [call.pk for call in calls]}
    answer = client.post("/admin/calls/call/", ticked)
    bundle = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    text = b"".join(bundle.read(name) for name in bundle.namelist()).decode("latin-1")
    assert "1985" not in text.replace(str(factories.NOW.year), "")
    assert not [name for name in bundle.namelist() if name.endswith(".wav")]
    assert json.loads(bundle.read("manifest.json"))["calls"] == 2
    assert AuditEntry.objects.get().detail["ids"] == [call.pk for call in calls]


def test_an_export_is_the_filtered_list_masked_and_recorded(client: Client) -> None:
    wanted = ended_call(verification=factories.verification(name="=cmd()", external_id="ext-7"))
    factories.call(status="in_progress")
    staff(client, "supervisor")
    answer = client.post("/admin/calls/call/export/?status__exact=unsuccessful_call", {"format": "0", "resource": ""})
    (row,) = csv.DictReader(io.StringIO(answer.content.decode()))
    shown = {key: row[key] for key in ("id", "person", "external_id", "number", "status", "end_reason", "review_state")}
    assert shown == {
        "id": str(wanted.pk),
        "person": "cmd()",  # no formula for a spreadsheet to run
        "external_id": "ext-7",
        "number": "+1202•••0123",
        "status": "unsuccessful_call",
        "end_reason": "answers_exhausted",
        "review_state": "due",
    }
    assert trail() == [("rita", "exported", "call", "")]
