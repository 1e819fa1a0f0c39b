"""Ways to a voice provider. A provider's key is encrypted as soon as it is given, and decrypted only to connect."""

import logging
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction

from calls.models import Call, Campaign, Profile, Script
from calls.secret_box import Unreadable, seal, unseal
from calls.services.errors import Refused

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Door:
    """What opens the socket to a voice model. `model` and `voice` are blank where the script's are meant."""

    url: str
    key: str = field(repr=False)
    dialect: str
    model: str = ""
    voice: str = ""
    address: str = ""
    """Where to connect, when the URL's name was looked up and checked already."""


def profile_named(name: str) -> Profile:
    """Raises Refused where there is no active profile of this name."""
    profile = Profile.objects.filter(name=name, is_active=True).first()
    if profile is None:
        raise Refused("validation_error", "The profile cannot be used.", {"profile": "no active profile has this name"})
    return profile


def profile_problem(name: str) -> str:
    """What is wrong with naming this profile in a script or a campaign; blank names none."""
    known = not name or Profile.objects.filter(name=name, is_active=True).exists()
    return "" if known else "no active profile has this name"


def profile_for(*, script: Script, campaign: Campaign | None = None) -> Profile | None:
    """The campaign's profile, else the script's, else the default one, else None: the settings. Raises Refused as
    profile_named."""
    if name := (campaign and campaign.profile) or script.profile:
        return profile_named(name)
    return Profile.objects.filter(is_default=True, is_active=True).first()


def profile_save(*, profile: Profile, key: str = "") -> None:
    """Store it; a blank `key` keeps the one there is. A new default takes the place of the old one."""
    if key:
        profile.key = seal(key)
    with transaction.atomic():
        if profile.is_default:
            Profile.objects.filter(is_default=True).exclude(pk=profile.pk).update(is_default=False)
        profile.save()


def door_of(*, call: Call) -> Door:
    """The way to the voice model for this call."""
    return door(profile=call.profile)


def door(*, profile: Profile | None) -> Door:
    """A key that cannot be decrypted is left blank: the provider's 401 then ends the call as `model_auth`."""
    if profile is None:
        return Door(settings.OPENAI_REALTIME_URL, settings.OPENAI_API_KEY, settings.OPENAI_DIALECT)
    try:
        key = unseal(profile.key)
    except Unreadable as error:
        logger.error("profile %s: %s", profile.pk, error)
        key = ""
    return Door(profile.url, key, profile.dialect, profile.model, profile.voice)
