"""The same requests directly and through the proxy: the SDK's own tests, and cases made from the public specification.

`python -m tests.differential` runs all of it, `python -m tests.differential.schemas` the generated cases on every operation.
What it needs is fetched into `.differential/` (see `material`); nothing of that is part of this repository.
"""
