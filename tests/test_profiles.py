"""Profiles: which way to the voice model a call takes, and how its key is kept."""

import pytest
from pytest_django import Settings

from calls.models import Call, Profile
from calls.secret_box import Unreadable, seal, unseal
from calls.services.calls import call_request
from calls.services.campaigns import campaign_create
from calls.services.errors import Refused
from calls.services.profiles import Door, door, door_of, profile_for, profile_save
from calls.services.scripts import script_publish
from tests.factories import NOW, verification

pytestmark = pytest.mark.django_db


def _profile(name: str, **fields: object) -> Profile:
    profile = Profile(name=name, url=f"wss://{name}.example/v1/realtime", **fields)
    profile_save(profile=profile, key=f"sk-{name}")
    return profile


def _requested(profile: Profile | None = None) -> Call:
    return call_request(verification=verification(script_name="loans"), now=NOW, profile=profile)


def test_the_call_s_profile_comes_before_the_script_s_and_that_before_the_default(settings: Settings) -> None:
    settings.OPENAI_REALTIME_URL, settings.OPENAI_API_KEY, settings.OPENAI_DIALECT = "wss://set.example", "sk-set", "ga"
    texts = {"company": "Acme", "purpose": "A check."}
    script_publish(name="loans", **texts)
    assert door_of(call=_requested()) == Door("wss://set.example", "sk-set", "ga")
    _profile("default", is_default=True)
    assert door_of(call=_requested()).key == "sk-default"
    _profile("azure", dialect="beta", model="deployment", voice="cedar")
    script_publish(name="loans", profile="azure")
    assert door_of(call=_requested()) == Door(
        "wss://azure.example/v1/realtime", "sk-azure", "beta", model="deployment", voice="cedar"
    )
    assert door_of(call=_requested(_profile("own"))).key == "sk-own"


def test_a_script_cannot_name_a_profile_that_is_not_there() -> None:
    with pytest.raises(Refused) as refused:
        script_publish(name="loans", company="Acme", purpose="A check.", profile="azure")
    assert refused.value.fields == {"profile": "no active profile has this name"}


def test_keys_of_older_data_keys_are_read_and_new_ones_use_the_newest(settings: Settings) -> None:
    settings.DATA_KEYS = ["old"]
    sealed = seal("sk-1")
    settings.DATA_KEYS = ["new", "old"]
    assert unseal(sealed) == "sk-1"
    newer = seal("sk-1")
    settings.DATA_KEYS = ["new"]
    assert unseal(newer) == "sk-1"
    with pytest.raises(Unreadable):
        unseal(sealed)


def test_a_key_that_cannot_be_decrypted_leaves_the_door_shut_and_no_traceback(settings: Settings) -> None:
    profile = _profile("azure")
    settings.DATA_KEYS = ["another"]
    assert door(profile=profile).key == ""
    assert "sk-azure" not in repr(Door("u", "sk-azure", "ga"))


def test_a_campaign_may_have_a_profile_of_its_own() -> None:
    script = script_publish(name="loans", company="Acme", purpose="A check.")
    own = _profile("own")
    assert (
        profile_for(script=script, campaign=campaign_create(name="Spring", script_name="loans", profile="own")) == own
    )
    assert profile_for(script=script, campaign=campaign_create(name="Autumn", script_name="loans")) is None
    with pytest.raises(Refused) as refused:
        campaign_create(name="Winter", script_name="loans", profile="none")
    assert refused.value.fields == {"profile": "no active profile has this name"}
