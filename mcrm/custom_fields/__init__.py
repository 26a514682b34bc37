"""Custom fields: what a business adds to a main table, defined by its admins, typed and validated."""
