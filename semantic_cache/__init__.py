"""Has it been answered before? The nouns and protocols are in `base`; the path is in
docs/life-of-a-request.md.
"""
