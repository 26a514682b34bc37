"""The API root: fields, parsing, problems, paging, idempotency, health; the only foundation that knows Flask."""
