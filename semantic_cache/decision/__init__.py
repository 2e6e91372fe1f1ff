"""From evidence to a decision: are two answers the same (`judge`), may this one be served, how wrong is the cache."""
