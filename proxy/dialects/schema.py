"""Google's own schema form (a part of OpenAPI 3.0, types in capitals) as JSON schema."""

from typing import Any

from halfpenny.proxy.dialects.fields import Fields, wrong_type

_SAME = frozenset(
    {
        "title",
        "description",
        "format",
        "pattern",
        "default",
        "enum",
        "required",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
        "minLength",
        "maxLength",
        "minProperties",
        "maxProperties",
        "additionalProperties",
    }
)
# Google sends 64-bit numbers as strings in JSON
_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})


def json_schema_of(value: Any, at: str, where: str) -> dict[str, Any]:
    """`nullable` becomes a second type, `propertyOrdering` the order of the properties. Raises `ProxyError` (400)."""
    fields = Fields(value, at, where, snake=True)
    schema: dict[str, Any] = {}
    kind = fields.text("type").lower()
    nullable = fields.flag("nullable")
    if kind and kind != "type_unspecified":
        schema["type"] = [kind, "null"] if nullable else kind
    for name in sorted(_SAME):
        member = fields.take(name)
        if member is not None:
            schema[name] = int(member) if name in _COUNTS and isinstance(member, str) and member.isdigit() else member
    if nullable and "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    example = fields.take("example")
    if example is not None:
        schema["examples"] = [example]
    items = fields.take("items")
    if items is not None:
        schema["items"] = json_schema_of(items, fields.path("items"), where)
    choices = fields.items("anyOf")
    if choices:
        schema["anyOf"] = [
            json_schema_of(choice, f"{fields.path('anyOf')}[{number}]", where) for number, choice in enumerate(choices)
        ]
        if nullable:
            schema["anyOf"].append({"type": "null"})
    order = fields.texts("propertyOrdering")
    properties = fields.mapping("properties")
    if properties is not None:
        names = [*(name for name in order if name in properties), *(name for name in properties if name not in order)]
        path = fields.path("properties")
        schema["properties"] = {name: json_schema_of(properties[name], f"{path}.{name}", where) for name in names}
    fields.end()
    if not isinstance(schema.get("required", []), list):
        raise wrong_type(fields.path("required"), "an array", schema["required"])
    return schema
