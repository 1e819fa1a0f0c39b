"""The people and models that put the evidence to the test: they guess, lie, correct themselves, or run ahead."""

from simulator.faults import ModelFaults
from simulator.replies import YES, facts, knows
from simulator.scenario import Reply, Scenario

EVIDENCE_SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        name="asks-for-a-hint",
        person="Hilda Quist",
        number="+12025550140",
        facts=facts("1982-06-05", "5390", "Corner Pharmacy"),
        replies=(
            YES,
            Reply(
                "birth|born", ("Is my birthday the fifth or the sixth?", "June fifth or sixth, nineteen eighty two.")
            ),
            Reply("social security|last four", ("Does it begin with a five?", "Tell me the first three.")),
            Reply("employer|employed|work", ("Is it the pharmacy or the bakery?", "You tell me.")),
        ),
        status="unsuccessful_call",
        end_reason="answers_exhausted",
    ),
    Scenario(
        name="model-lies",
        person="Lionel Ames",
        number="+12025550141",
        facts=facts("1975-02-17", "8841", "Tidewater Marine"),
        replies=knows("April second, nineteen sixty", "3006", "Nobody"),
        model_faults=ModelFaults(lies=True),
        status="unsuccessful_call",
        end_reason="answers_exhausted",
    ),
    Scenario(
        name="model-skips-questions",
        person="Skye Padgett",
        number="+12025550142",
        facts=facts("1991-09-13", "4127", "Valley Nurseries"),
        replies=knows("September thirteenth, nineteen ninety one", "4127", "Valley Nurseries"),
        model_faults=ModelFaults(lies=True, skips_questions=True),
        status="unsuccessful_call",
        end_reason="completed",
    ),
    Scenario(
        name="model-invents",
        person="Inez Ventnor",
        number="+12025550143",
        facts=facts("1964-12-09", "7702", "Hillside Motors"),
        replies=knows("I like trains.", "7", "I like boats."),
        model_faults=ModelFaults(
            lies=True,
            invents={
                "birth": "December 9, 1964",
                "last four": "7702",
                "employer": "Hillside Motors",
            },
        ),
        status="unsuccessful_call",
        end_reason="answers_exhausted",
    ),
    Scenario(
        name="corrects-herself",
        person="Cora Rector",
        number="+12025550144",
        facts=facts("1987-04-23", "6513", "Brook Street Cafe"),
        replies=(
            YES,
            Reply("birth|born", ("April twenty second, no sorry, April twenty third, nineteen eighty seven.",)),
            Reply("social security|last four", ("six five three one, no wait, six five one three.",)),
            Reply("employer|employed|work", ("Brook Road Cafe, sorry, Brook Street Cafe.",)),
        ),
        status="successful_call",
        end_reason="completed",
    ),
    Scenario(
        name="answers-two-at-once",
        person="Tobias Atwell",
        number="+12025550145",
        facts={"date_of_birth": "1973-01-30", "ssn_last_4": "2298"},
        replies=(
            YES,
            Reply("birth|born", ("January thirtieth, nineteen seventy three, and the digits are two two nine eight.",)),
            Reply(
                "social|last four", ("two two nine eight, and I was born January thirtieth, nineteen seventy three.",)
            ),
        ),
        status="successful_call",
        end_reason="completed",
    ),
    Scenario(
        name="declines",
        person="Delia Nyman",
        number="+12025550146",
        facts=facts("1989-08-14", "3374", "Amber Optics"),
        replies=(YES, Reply(r"\?", ("I will not answer that.",))),
        status="unsuccessful_call",
        end_reason="declined",
    ),
    Scenario(
        name="chooses",
        person="Chloe Osgood",
        number="+12025550147",
        facts={"street": "Juniper Row", "employer": "Saltmarsh Pottery"},
        wordings={
            "street": {"ask": "Which of these streets do you live on?", "kind": "choice"},
            "employer": {"ask": "Which of these is your employer?", "kind": "choice"},
        },
        replies=(YES, Reply("streets", ("Juniper Row.",)), Reply("employer", ("It is Saltmarsh Pottery.",))),
        status="successful_call",
        end_reason="completed",
    ),
)
