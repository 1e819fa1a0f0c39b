"""Secrets at rest: providers' keys and webhook secrets, encrypted with Fernet (AES-CBC and HMAC; cryptography's own).

DATA_KEYS holds the keys, newest first: the first one encrypts, all of them decrypt. With none set, one is derived from
SECRET_KEY, which must then never change.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """Encrypted with a key that is not in DATA_KEYS any more: the secret must be entered again."""


def seal(text: str) -> str:
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Raises Unreadable."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable("A stored secret cannot be decrypted: its key is not in DATA_KEYS.") from None


def _box() -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in settings.DATA_KEYS or [settings.SECRET_KEY]])


def _derived(key: str) -> bytes:
    # Any long text will do as a key; Fernet wants exactly 32 bytes.
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"highway.data").derive(key.encode())
    return base64.urlsafe_b64encode(derived)
