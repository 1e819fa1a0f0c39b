"""What a scenario may have the voice model do wrong: data, read by the model once it knows whom it is calling."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ModelFaults:
    """The misdeeds of one session. The default is a model without fault.

    An utterance is one spoken item delivered whole; times are ms. `quota` and `rate_limited` make the response after
    `failing_after_utterances` end as failed. `update_delay_ms` holds back session.updated, `read_delay_ms` is waited
    before each message read. `lost_once`: the next session with the same person is not lost. `leaks` is a text said
    ahead of the first question. `invents` are the answers reported, by a word of the question, whatever the person
    says; one that `skips_questions` asks none.
    """

    lost_after_utterances: int | None = None
    lost_once: bool = False
    quota: bool = False
    rate_limited: bool = False
    failing_after_utterances: int = 0
    update_delay_ms: int = 0
    read_delay_ms: int = 0
    malformed_after_utterances: int | None = None
    unknown_event_after_utterances: int | None = None
    error_event_after_utterances: int | None = None
    lies: bool = False
    skips_questions: bool = False
    invents: dict[str, str] = field(default_factory=dict)
    leaks: str = ""
    doubles_tool_calls: bool = False
    malforms_arguments: bool = False

    @property
    def failing_code(self) -> str:
        """The error code of the failed response, or nothing."""
        if self.quota:
            return "insufficient_quota"
        return "rate_limit_exceeded" if self.rate_limited else ""


NO_FAULTS = ModelFaults()
