"""What goes wrong when an embedder is loaded."""


class EmbedderError(RuntimeError):
    """The embedder cannot be loaded; the message says which file or option is at fault."""
