"""Every target that the Makefile names, and that the documents tell people to run, has a recipe."""

import re

from highway.env import BASE_DIR

MAKEFILE = (BASE_DIR / "Makefile").read_text()
RECIPES = set(re.findall(r"^([\w-]+):.*\n\t", MAKEFILE, re.MULTILINE))


def test_every_phony_target_has_a_recipe() -> None:
    [phony] = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert set(phony.split()) == RECIPES


def test_every_command_of_the_documents_has_a_recipe() -> None:
    texts = [path.read_text() for path in (BASE_DIR / "README.md", *(BASE_DIR / "docs").glob("*.md"))]
    named = {name for text in texts for name in re.findall(r"(?:^|[`\s])make ([a-z][\w-]*)(?=[\s`]|$)", text)}
    assert {name for name in named if name in RECIPES or "-" in name} <= RECIPES
    assert {"demo", "test", "bench-api", "bench-campaign"} <= named
