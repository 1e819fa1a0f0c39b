"""Serving a call's recording, whole or by parts (HTTP Range, RFC 9110 §14): a browser seeks only where parts work."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse

PIECE = 64 * 1024


def recording_path(name: str) -> Path:
    """The file below the recordings folder. Raises Http404 where there is none, or the name leads out of the folder."""
    folder = Path(settings.RECORDINGS_DIR).resolve()
    path = (folder / name).resolve()
    if not name or not path.is_relative_to(folder) or not path.is_file():
        raise Http404("There is no recording.")
    return path


def wanted_part(header: str, size: int) -> range | None:
    """The bytes a Range header asks for: None is the whole file (a header that names no single range of bytes may be
    ignored), an empty range cannot be satisfied."""
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", header.replace(" ", ""))
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        return range(max(size - int(last), 0), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last or size) + 1, size))


def recording_response(*, path: Path, range_header: str, filename: str) -> HttpResponseBase:
    """200 with the whole file, 206 with a part of it, or 416. Nothing may keep a copy: it is a person's voice."""
    size = path.stat().st_size
    asked = wanted_part(range_header, size)
    if asked is not None and not asked:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}", "Cache-Control": "no-store"})
    part = asked or range(size)
    response = StreamingHttpResponse(_pieces(path, part.start, len(part)), content_type="audio/wav")
    response["Content-Length"] = str(len(part))
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "no-store, private"
    response["Content-Disposition"] = f'inline; filename="{filename}"'
    if asked:
        response.status_code = 206
        response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return response


async def _pieces(path: Path, start: int, length: int) -> AsyncIterator[bytes]:
    # Read in a thread of its own, a piece at a time: this process relays calls' audio as well.
    file = await asyncio.to_thread(path.open, "rb")
    try:
        await asyncio.to_thread(file.seek, start)
        while length > 0:
            piece = await asyncio.to_thread(file.read, min(PIECE, length))
            if not piece:
                return
            length -= len(piece)
            yield piece
    finally:
        file.close()
