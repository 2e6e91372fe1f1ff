"""Load tests: what the proxy costs beside a bare server, in interleaved rounds of one run.

    python -m loadtest hit | passthrough | memory | start | all

Every figure is a ratio or a difference against a control that ran in the same rounds: absolute figures belong to the
machine and to whatever else it was doing. See docs/performance.md.
"""
