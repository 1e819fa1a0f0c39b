"""The program under demonstration, started as an operator would: by its commands and environment variables alone."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from simulator.demo_processes import ROOT, DemoError, Processes, free_port

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
MODEL_KEY = "sk-simulated"
FROM_NUMBER = "+12025550100"


@dataclass
class Vendors:
    """Where the simulator listens, and the carrier's token, which signs every webhook."""

    port: int
    token: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Login:
    username: str
    password: str


def start_vendors(processes: Processes) -> Vendors:
    vendors = Vendors(port=free_port(), token=secrets.token_hex(16))
    processes.start(
        "simulator",
        *("-m", "simulator", "--port", str(vendors.port), "--account", ACCOUNT_SID, "--token", vendors.token),
        *("--knows", str(ROOT / "calls" / "assets")),
        env=os.environ,
    )
    return vendors


class Program:
    """One instance of Highway. `services` are the URLs of PostgreSQL, Redis and the like, by environment variable;
    with none, everything is in one process on SQLite."""

    def __init__(
        self, name: str, dialect: str, data: Path, processes: Processes, vendors: Vendors, services: dict[str, str]
    ) -> None:
        self.name, self.dialect, self.data = name, dialect, data
        self.port = free_port(8000) if name == "main" else free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.keeps_data = "DATABASE_URL" in services
        self.embedded = not {"REDIS_URL", "CELERY_BROKER_URL"} & services.keys()
        self.env = _environment(self.url, vendors, data, dialect, services)
        self._processes = processes
        self._client = httpx.Client(base_url=self.url, trust_env=False, timeout=20)

    def start(self, web: int, workers: int) -> None:
        """Migrate, make an API key, start the processes and wait until the first answers. In the embedded form worker
        and beat are threads of the one web process."""
        self.data.mkdir(parents=True)
        self._manage("migrate", "--verbosity", "0")
        self.api_key = self._manage("create_api_key", "demo", "--scope", "admin").strip()
        self._client.headers["authorization"] = f"Bearer {self.api_key}"
        if self.embedded:
            self._start("web1", "manage.py", "serve", "--port", str(self.port))
        else:
            self._start_many(web, workers)
        self._processes.wait_until(f"{self.name}-web1", self._answers)

    def _start_many(self, web: int, workers: int) -> None:
        for number in range(1, web + 1):
            self._start(f"web{number}", "manage.py", "serve", "--port", str(self.port), "--reuse-port")
        for number in range(1, workers + 1):
            options = ["--pool", "threads", "--concurrency", "4", "--loglevel", "INFO"]
            options += ["--hostname", f"{self.name}{number}@%h"]
            self._start(f"worker{number}", "-m", "celery", "-A", "highway", "worker", *options)
        self._start("beat", "-m", "celery", "-A", "highway", "beat", "--loglevel", "INFO")

    def make_login(self) -> Login:
        """A superuser with a random password. A database that outlives the demo may hold an earlier one's."""
        login = Login(f"demo-{secrets.token_hex(2)}" if self.keeps_data else "demo", secrets.token_urlsafe(12))
        user = {"DJANGO_SUPERUSER_PASSWORD": login.password, "DJANGO_SUPERUSER_USERNAME": login.username}
        self._manage("createsuperuser", "--noinput", "--email", "demo@example.com", **user)
        return login

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._client.post(path, json=body)
        if answer.is_error:
            raise DemoError(f"POST {path} answered {answer.status_code}: {answer.text[:500]}")
        return dict(answer.json())

    def get(self, path: str) -> dict[str, Any]:
        answer = self._client.get(path)
        if answer.is_error:
            raise DemoError(f"GET {path} answered {answer.status_code}: {answer.text[:500]}")
        return dict(answer.json())

    def recordings(self) -> list[Path]:
        return sorted((self.data / "recordings").rglob("*.wav"))

    def _manage(self, *arguments: str, **extra: str) -> str:
        return self._processes.run(f"manage.py {arguments[0]}", "manage.py", *arguments, env={**self.env, **extra})

    def _start(self, role: str, *arguments: str) -> None:
        self._processes.start(f"{self.name}-{role}", *arguments, env=self.env)

    def _answers(self) -> bool:
        try:
            return bool(self._client.get("/").json() == {"message": "Running"})
        except (httpx.TransportError, ValueError):
            return False


def _environment(url: str, vendors: Vendors, data: Path, dialect: str, services: dict[str, str]) -> dict[str, str]:
    """Every setting that reaches beyond this machine is given, so that no .env can send the demo to a real vendor."""
    return {
        **os.environ,
        "DATA_DIR": str(data),
        "DATABASE_URL": services.get("DATABASE_URL") or f"sqlite:///{data / 'highway.sqlite3'}",
        "REDIS_URL": services.get("REDIS_URL", ""),
        "CELERY_BROKER_URL": services.get("CELERY_BROKER_URL") or services.get("REDIS_URL") or "memory://",
        "PUBLIC_BASE_URL": url,
        "ALLOWED_HOSTS": "127.0.0.1",
        "CSRF_TRUSTED_ORIGINS": url,
        "BEHIND_PROXY": "false",
        "DEBUG": "false",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": vendors.token,
        "TWILIO_FROM_NUMBER": FROM_NUMBER,
        "TWILIO_BASE_URL": vendors.url,
        "OPENAI_API_KEY": MODEL_KEY,
        "OPENAI_REALTIME_URL": f"ws://127.0.0.1:{vendors.port}/v1/realtime",
        "OPENAI_DIALECT": dialect,
        "DEFAULT_REGION": "US",
        "RECORD_CALLS": "true",
        "PYTHONUNBUFFERED": "1",
    }
