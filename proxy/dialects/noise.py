"""Fields of requests that do not change the answer: the only ones that a conversion may leave out.

Reviewed against the field lists of the official SDKs (openai 3.54, anthropic 2.12, google-genai 3.4). Everything that
is neither here nor converted is refused with 400.
"""

# How an answer is delivered, billed, logged or looked up again; `stream` is told to the writers separately.
CHAT = frozenset(
    {
        "model",
        "stream",
        "stream_options",
        "metadata",
        "user",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "service_tier",
    }
)
RESPONSES = CHAT
MESSAGES = frozenset(
    {
        "model",
        "stream",
        "metadata",
        "service_tier",
        "speed",
        "diagnostics",
        "user_profile_id",
        "billing_policy",
        "fallback_credit_token",
        "cache_control",
    }
)
GENERATE = frozenset({"model", "labels", "serviceTier"})

# Hints to the provider's prompt cache: they change the bill, not the answer.
CHAT_PART = frozenset({"prompt_cache_breakpoint"})
MESSAGES_BLOCK = frozenset({"cache_control"})
# `eager_input_streaming` is about delivery alone.
MESSAGES_TOOL = frozenset({"cache_control", "eager_input_streaming"})

# What clients send back of an earlier answer. Thoughts of earlier turns have no effect on OpenAI's chat API, are void
# elsewhere without the seal of the provider that made them, and no provider accepts another's; citations and the like
# describe the earlier text, which is sent whole.
CHAT_ASSISTANT = frozenset({"annotations", "reasoning", "reasoning_content", "reasoning_details"})
MESSAGES_THOUGHTS = frozenset({"thinking", "redacted_thinking"})
RESPONSES_ITEM = frozenset({"id", "status", "phase"})
RESPONSES_OUTPUT_PART = frozenset({"annotations", "logprobs"})

# Wishes for extra output that no other dialect can fill, and that a caller does without: the seal on reasoning items is
# only of use to OpenAI's own models.
RESPONSES_INCLUDE = frozenset({"reasoning.encrypted_content"})
