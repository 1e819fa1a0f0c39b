"""OpenAI Realtime as it is: session.type required, audio nested, formats as objects, no temperature."""

from simulator.dialects import (
    SEMANTIC_VAD,
    TOKENS,
    TOOL,
    TOOL_CHOICE,
    TRACING,
    VAD,
    VAD_FIELDS,
    VOICES,
    Dialect,
    client_events_of,
)
from simulator.shapes import anything, array, either, flag, maybe, number, one_of, record, tagged, text, whole

_FORMAT = either(
    record(("type", "rate"), {"type": one_of("audio/pcm"), "rate": one_of(24_000)}),
    record(("type",), {"type": one_of("audio/pcmu", "audio/pcma")}),
)
_VOICE = either(record(("id",), {"id": text}), one_of(*VOICES, "marin", "cedar"))
_REASONING = record((), {"effort": one_of("minimal", "low", "medium", "high", "xhigh")})
_VAD = tagged(
    "type",
    {
        "server_vad": record(("type",), {**VAD_FIELDS, "idle_timeout_ms": maybe(whole(5_000, 30_000))}),
        "semantic_vad": SEMANTIC_VAD,
    },
)
_INPUT = record(
    (),
    {
        "format": _FORMAT,
        "noise_reduction": maybe(
            record((), {"type": one_of("near_field", "far_field"), "strength": number(0, 1)}),
        ),
        "transcription": maybe(
            record(
                (),
                {
                    "model": text,
                    "language": text,
                    "prompt": text,
                    "delay": text,
                    "keywords": array(text),
                    "languages": array(text),
                },
            )
        ),
        "turn_detection": maybe(_VAD),
    },
)
_OUTPUT = record((), {"format": _FORMAT, "voice": _VOICE, "speed": number(0.25, 1.5)})
_SESSION = record(
    ("type",),
    {
        "type": one_of("realtime"),
        "model": text,
        "output_modalities": one_of(["audio"], ["text"]),
        "instructions": text,
        "audio": record((), {"input": _INPUT, "output": _OUTPUT}),
        "tools": array(TOOL),
        "tool_choice": TOOL_CHOICE,
        "parallel_tool_calls": flag,
        "reasoning": _REASONING,
        "max_output_tokens": TOKENS,
        "truncation": anything,
        "tracing": TRACING,
        "include": maybe(array(text)),
    },
)
_RESPONSE = record(
    (),
    {
        "conversation": one_of("auto", "none"),
        "input": array(anything),
        "instructions": text,
        "metadata": maybe(anything),
        "output_modalities": one_of(["audio"], ["text"]),
        "tools": array(TOOL),
        "tool_choice": TOOL_CHOICE,
        "max_output_tokens": TOKENS,
        "audio": record((), {"output": record((), {"format": _FORMAT, "voice": _VOICE})}),
        "parallel_tool_calls": flag,
        "reasoning": _REASONING,
    },
)

GA = Dialect(
    name="ga",
    session={
        "object": "realtime.session",
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": "",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "noise_reduction": None,
                "transcription": None,
                "turn_detection": VAD,
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "marin", "speed": 1.0},
        },
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "truncation": "auto",
        "tracing": None,
    },
    client_events=client_events_of(_SESSION, _RESPONSE, "output_text"),
    renames={},
    counts_images=True,
    names_done_calls=True,
    item_events=("conversation.item.added", "conversation.item.done"),
    modalities="output_modalities",
    spoken="output_audio",
    input_of=lambda session: session["audio"]["input"],
    output_format_of=lambda session: session["audio"]["output"]["format"],
    mu_law={"type": "audio/pcmu"},
)
