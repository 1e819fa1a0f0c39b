"""What the admin's tests share: browsers with someone logged in, and reading a page."""

import re
from datetime import UTC, datetime

from django.contrib.auth.models import Permission, User
from django.test import Client

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
ENDED = {"stage": "ended", "status": "unsuccessful_call", "end_reason": "answers_exhausted", "ended_at": LONG_AGO}


def member(client: Client, *codenames: str) -> Client:
    """A browser in which a staff member with these permissions is logged in."""
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def rows_of(page: str) -> list[str]:
    """The primary keys that a list shows, in its order."""
    return re.findall(r'href="/admin/calls/\w+/(\d+)/change/[^"]*"[^>]*>\s*#', page)
