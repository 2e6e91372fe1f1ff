"""Conversion between API dialects: a request in one is served by a backend that speaks another.

`conversion(asked, spoken)` says how. What cannot be expressed is refused with 400 and the field's name, never dropped:
the only fields left out are those of `noise.py`. What is approximated, since there is no better word for it:

- `max_tokens` is 4096 for Anthropic where the caller gave none;
- an effort becomes adaptive thinking with that effort (Anthropic) or a thinking level (Gemini), a budget in tokens
  becomes the nearest effort (OpenAI); shown thoughts are `reasoning_content`, `thinking` blocks without a signature,
  thought parts or reasoning items; thoughts of earlier turns are not sent on;
- a failed tool call is told to OpenAI by its text, which then begins with "Error";
- Google's strict mode is for all tools or none (`VALIDATED`);
- an ending that the caller's dialect has no word for is its word for a filtered answer;
- a tool call whose arguments the limit on tokens cut is left out for Anthropic and Google, whose calls hold an object:
  the ending says why.
"""

from halfpenny.proxy.dialects.base import Conversion, Outgoing, StreamConversion
from halfpenny.proxy.dialects.conversion import conversion
from halfpenny.proxy.dialects.usage import reported

__all__ = ["Conversion", "Outgoing", "StreamConversion", "conversion", "reported"]
