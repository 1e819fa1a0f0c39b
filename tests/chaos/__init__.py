"""Real processes on PostgreSQL and Redis, killed, paused and cut off at seeded moments; then the books are compared.

`make chaos`, or `python -m tests.chaos --calls 300 --seed 1 [--short]`.
"""
