"""What people say, for scenarios: by the words of the agent that they answer."""

from simulator.scenario import Reply

YES = Reply("am i speaking with", ("Yes, speaking.",))
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def knows(birth: str, last_4: str, employer: str) -> tuple[Reply, ...]:
    """One who confirms who they are and answers each question with these words."""
    return (
        YES,
        Reply("birth|born", (birth,)),
        Reply("social security|last four", (" ".join(_DIGITS[int(digit)] for digit in last_4),)),
        Reply("employer|employed|work", (employer,)),
    )


def facts(birth: str, last_4: str, employer: str) -> dict[str, str]:
    return {"date_of_birth": birth, "ssn_last_4": last_4, "employer": employer}
