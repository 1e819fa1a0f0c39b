"""CI's database: `services.py check POSTGRES_URL REDIS_URL`, `services.py create|drop POSTGRES_URL NAME`."""

import sys

import psycopg
import redis
from psycopg import sql


def check(postgres_url: str, redis_url: str) -> None:
    try:
        psycopg.connect(postgres_url, connect_timeout=5).close()
    except psycopg.OperationalError as error:
        sys.exit(f"CI needs PostgreSQL; DATABASE_URL says where (default 127.0.0.1:5432). {error}")
    try:
        redis.Redis.from_url(redis_url, socket_timeout=5).ping()
    except redis.RedisError as error:
        sys.exit(f"CI needs Redis; REDIS_URL says where (default 127.0.0.1:6379). {error}")


def create(postgres_url: str, name: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def drop(postgres_url: str, name: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        # FORCE: a test that failed may have left a process connected.
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"check": check, "create": create, "drop": drop}[command](*arguments)
