"""What the environment says. Each name is documented in `.env.example`; a wrong value is named at start.

django-environ reads `.env` and database URLs. Single values are read here, because it takes DEBUG=maybe for false,
gives no name with a number it cannot read, and resolves a secret that begins with "$" as another variable's name.
A variable that is set but blank counts as not set.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(BASE_DIR / ".env")

_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_DATABASES = {"django.db.backends.sqlite3", "django.db.backends.postgresql"}
Text = str
"""`str`, where the class below has a method of that name."""


class Environment:
    """Typed reading of environment variables. Raises ImproperlyConfigured naming the variable and the cure."""

    def str(self, name: Text, *, default: Text) -> Text:
        return os.environ.get(name, "").strip() or default

    def one_of(self, name: Text, values: tuple[Text, ...], *, default: Text) -> Text:
        value = self.str(name, default=default)
        if value not in values:
            raise _wrong(name, f"one of {', '.join(values)}")
        return value

    def bool(self, name: Text, *, default: "bool") -> "bool":
        value = self.str(name, default="true" if default else "false").lower()
        if value not in _FLAGS:
            raise _wrong(name, "true or false")
        return _FLAGS[value]

    def int(self, name: Text, *, default: "int") -> "int":
        try:
            return int(self.str(name, default=str(default)))
        except ValueError:
            raise _wrong(name, "a whole number, such as 10") from None

    def float(self, name: Text, *, default: "float") -> "float":
        try:
            return float(self.str(name, default=str(default)))
        except ValueError:
            raise _wrong(name, "a number, such as 10 or 2.5") from None

    def list(self, name: Text, *, default: "list[Text]") -> "list[Text]":
        value = self.str(name, default="")
        return [part.strip() for part in value.split(",") if part.strip()] if value else default

    def db_url(self, name: Text, *, default: Text) -> dict[Text, Any]:
        """Django's settings of one database. The URL itself, password and all, is never quoted."""
        try:
            config: dict[Text, Any] = environ.Env.db_url_config(self.str(name, default=default))
        except ValueError:
            config = {}
        if config.get("ENGINE") not in _DATABASES or not config.get("NAME"):
            raise _wrong(name, "postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH, %-escaped where needed")
        return config


def _wrong(name: str, cure: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is set to something that cannot be read: it must be {cure}.")


env = Environment()
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "data")))
"""Where the embedded database, the recordings and the development key live."""


def development_secret() -> str:
    """A random key kept in DATA_DIR, so that a fresh clone starts with no setting. `check --deploy` refuses it."""
    from django.core.management.utils import get_random_secret_key

    path = DATA_DIR / "development-secret"
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        mine = path.with_suffix(f".{os.getpid()}")
        mine.touch(mode=0o600)
        mine.write_text(get_random_secret_key() * 2)
        # Written first and then named: of several processes that start at once, none reads a key half written.
        with suppress(FileExistsError):
            path.hardlink_to(mine)
        mine.unlink()
    return path.read_text()
