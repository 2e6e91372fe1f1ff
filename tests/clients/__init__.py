"""Real clients, each in an environment of its own, driven through the proxy and compared with direct calls.

- `environments`: which clients, their versions, their installation under `.clients/` (`make clients`)
- `drivers/`: one small program per client family, run inside that client's environment: jobs in, results out
- `process`: a running driver
- `cells`: what the matrix holds, what makes no sense and why
- `matrix`: the run
- `table`: `docs/clients.md`

`python -m tests.clients` runs the matrix and prints it, with `--write docs/clients.md` into that document.
"""
