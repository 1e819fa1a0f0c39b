"""OpenAI Realtime as the beta was (`OpenAI-Beta: realtime=v1`): a flat session and formats as bare strings."""

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
from simulator.shapes import anything, array, maybe, number, one_of, record, tagged, text

_FORMAT = one_of("pcm16", "g711_ulaw", "g711_alaw")
_MODALITIES = one_of(["text"], ["audio", "text"], ["text", "audio"])
_VAD = tagged("type", {"server_vad": record(("type",), VAD_FIELDS), "semantic_vad": SEMANTIC_VAD})
_SESSION = record(
    (),
    {
        "modalities": _MODALITIES,
        "instructions": text,
        "voice": one_of(*VOICES),
        "input_audio_format": _FORMAT,
        "output_audio_format": _FORMAT,
        "input_audio_noise_reduction": maybe(record((), {"type": one_of("near_field", "far_field")})),
        "input_audio_transcription": maybe(record((), {"model": text, "language": text, "prompt": text})),
        "turn_detection": maybe(_VAD),
        "tools": array(TOOL),
        "tool_choice": TOOL_CHOICE,
        "temperature": number(0.6, 1.2),
        "max_response_output_tokens": TOKENS,
        "speed": number(0.25, 1.5),
        "tracing": TRACING,
    },
)
_RESPONSE = record(
    (),
    {
        "conversation": one_of("auto", "none"),
        "input": array(anything),
        "instructions": text,
        "metadata": anything,
        "modalities": _MODALITIES,
        "tools": array(TOOL),
        "tool_choice": TOOL_CHOICE,
        "max_response_output_tokens": TOKENS,
        "temperature": number(0.6, 1.2),
        "voice": one_of(*VOICES),
        "output_audio_format": _FORMAT,
    },
)

BETA = Dialect(
    name="beta",
    session={
        "object": "realtime.session",
        "modalities": ["audio", "text"],
        "instructions": "",
        "voice": "alloy",
        "input_audio_format": "pcm16",
        "output_audio_format": "pcm16",
        "input_audio_noise_reduction": None,
        "input_audio_transcription": None,
        "turn_detection": VAD,
        "tools": [],
        "tool_choice": "auto",
        "temperature": 0.8,
        "max_response_output_tokens": "inf",
    },
    client_events=client_events_of(_SESSION, _RESPONSE, "text"),
    renames={"response.output_audio": "response.audio"},
    counts_images=False,
    names_done_calls=False,
    item_events=("conversation.item.created",),
    modalities="modalities",
    spoken="audio",
    input_of=lambda session: {
        "format": session["input_audio_format"],
        "transcription": session["input_audio_transcription"],
        "turn_detection": session["turn_detection"],
    },
    output_format_of=lambda session: session["output_audio_format"],
    mu_law="g711_ulaw",
)
