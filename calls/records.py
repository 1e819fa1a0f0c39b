"""What calls leave behind, gathered on the event loop and written by one thread once a second.

Audio never waits for the database: the loop appends to lists, and the thread takes them. One job writes for all calls
of the process, so a hundred calls cost one transaction a second. One thread, so that writes keep their order.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from django.db import DataError, Error, connections
from django.utils import timezone

from calls import listening
from calls.recording import Recording, Sounds
from calls.services.conversations import Notes, conversation_conclude, conversation_write
from calls.services.settling import calls_beat
from calls.voice.actions import Conclude, KeepAnswer, KeepEvent, KeepSound, KeepTurn

logger = logging.getLogger(__name__)

INTERVAL_S = 1.0
CONCLUDE_WITHIN_S = 300.0
"""How long a conclusion is tried while the database is away. After that, calls.tasks.settle_stuck ends the call."""

Result = TypeVar("Result")

_writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="records")
_reader = ThreadPoolExecutor(max_workers=4, thread_name_prefix="admission")


class CallRecord:
    """One call's notes and sounds since the last write. Belongs to the event loop; `take` hands over to the thread."""

    def __init__(self, call_id: int, recording: Path | None) -> None:
        self.call_id = call_id
        self.sounds = Sounds()
        self._notes = Notes(call_id)
        self._path = recording
        self._file: Recording | None = None

    def keep(self, action: KeepTurn | KeepEvent | KeepAnswer | KeepSound) -> None:
        match action:
            case KeepTurn():
                self._notes.turns[action.item_id] = action
            case KeepEvent():
                self._notes.events.append((timezone.now(), action.kind, action.detail))
            case KeepAnswer():
                self._notes.answers.append(action)
            case KeepSound():
                self.sounds.agent.append((action.at_ms, action.ms, action.payload))

    def take(self) -> tuple[Notes, Sounds]:
        taken = self._notes, self.sounds
        self._notes, self.sounds = Notes(self.call_id), Sounds()
        return taken

    def write_sounds(self, sounds: Sounds, until_ms: int) -> None:
        """In the thread. A full disk must not cost the call its result: the recording stops, the rest goes on."""
        if self._path is None:
            return
        try:
            self._file = self._file or Recording(self._path)
            self._file.write(sounds, until_ms)
        except OSError as error:
            logger.error("call %s: the recording stops: %s", self.call_id, error.strerror)
            self._path = None

    def close(self) -> None:
        if self._file:
            self._file.close()


class Scribe:
    """Follows the live calls of one event loop."""

    def __init__(self) -> None:
        self._followed: dict[CallRecord, tuple[Callable[[], int], Callable[[str], None]]] = {}
        self._unwritten: list[Notes] = []
        self._task: asyncio.Task[None] | None = None

    def follow(self, record: CallRecord, settled_ms: Callable[[], int], answered_by: Callable[[str], None]) -> None:
        """Write this call's record from now on. `settled_ms()`: before which time of the call all sound has come.
        `answered_by(word)`: told, every second anew, what the carrier's machine detection said of the call."""
        self._followed[record] = settled_ms, answered_by
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="scribe")

    async def conclude(self, record: CallRecord, outcome: Conclude) -> bool:
        """Stop following, write the rest and the call's status. Keeps trying while the database is away.

        False where the call had its status already (by the carrier's word, or a settling task).
        """
        self._followed.pop(record, None)
        notes, sounds = record.take()
        await in_thread(partial(_finish_recording, record, sounds))
        give_up = asyncio.get_running_loop().time() + CONCLUDE_WITHIN_S
        while True:
            try:
                now = timezone.now()
                return await in_thread(partial(conversation_conclude, notes=notes, outcome=outcome, now=now))
            except Error as error:
                logger.error("call %s: its conclusion cannot be written yet: %s", record.call_id, type(error).__name__)
                if asyncio.get_running_loop().time() > give_up:
                    raise
            await asyncio.sleep(INTERVAL_S)

    async def _run(self) -> None:
        while self._followed or self._unwritten:
            await asyncio.sleep(INTERVAL_S)
            taken = [(record, *record.take(), settled_ms()) for record, (settled_ms, _) in self._followed.items()]
            self._unwritten, heard, words = await in_thread(partial(_write_second, self._unwritten, taken))
            if heard:
                await listening.publish(heard, {record.call_id: sounds for record, _, sounds, _ in taken})
            for record, (_, answered_by) in list(self._followed.items()):
                if word := words.get(record.call_id):
                    answered_by(word)


Taken = list[tuple[CallRecord, Notes, Sounds, int]]


def _write_second(unwritten: list[Notes], taken: Taken) -> tuple[list[Notes], set[int], dict[int, str]]:
    """In the thread, once for all calls: what is new goes to files and database, and what the database has for them
    comes back: notes to try again, the calls that somebody listens to, and what machine detection said of each."""
    unwritten = _write(unwritten, taken)
    call_ids = [record.call_id for record, _, _, _ in taken]
    return unwritten, listening.listened(call_ids), _beat(call_ids)


def _write(unwritten: list[Notes], taken: Taken) -> list[Notes]:
    """In the thread: the sounds to their files, the notes to the database. Returns what must be tried again."""
    for record, _, sounds, until_ms in taken:
        record.write_sounds(sounds, until_ms)
    notes = unwritten + [notes for _, notes, _, _ in taken if notes]
    try:
        if notes:
            conversation_write(notes=notes)
    except Error as error:
        logger.error("notes of %s calls cannot be written yet: %s", len(notes), type(error).__name__)
        return _write_singly(notes)
    return []


def _beat(call_ids: list[int]) -> dict[int, str]:
    """In the thread: tell the database that this process holds these calls, so that nobody settles them."""
    try:
        return calls_beat(call_ids=call_ids, now=timezone.now())
    except Error as error:
        logger.error("the heartbeat of %s calls cannot be written: %s", len(call_ids), type(error).__name__)
        return {}


def _write_singly(notes: list[Notes]) -> list[Notes]:
    """One call's unwritable notes must not hold up the others'. Those are dropped; the rest is kept for later."""
    later = []
    for note in notes:
        try:
            conversation_write(notes=[note])
        except DataError:
            logger.error("call %s: notes that the database refuses are dropped", note.call_id)
        except Error:
            later.append(note)
    return later


def _finish_recording(record: CallRecord, sounds: Sounds) -> None:
    record.write_sounds(sounds, 0)
    record.close()


async def in_thread(work: Callable[[], Result], *, reading: bool = False) -> Result:
    """Run database work off the loop and off Channels' one thread-sensitive thread, which any slow view may hold."""
    pool = _reader if reading else _writer
    return await asyncio.get_running_loop().run_in_executor(pool, _closing_connections, work)


async def in_spare_thread(work: Callable[[], Result]) -> Result:
    """For work that waits for a stranger's server, and must not keep the others' admissions waiting."""
    return await asyncio.to_thread(_closing_connections, work)


def _closing_connections(work: Callable[[], Result]) -> Result:
    # The thread outlives the work: a connection left open would be found stale, or missing from the pool.
    try:
        return work()
    finally:
        connections.close_all()
