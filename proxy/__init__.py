"""The front: it alone knows HTTP servers, and it alone imports the other packages.

A *surface* is an API dialect that we serve. A *flight* is one upstream fetch, owned by a task of its own; clients
*subscribe* to it. A *runtime* is everything built from one configuration; a reload builds a new one and swaps the
reference. `flow` decides what a request does next, `pipeline` does it. See docs/life-of-a-request.md.
"""
