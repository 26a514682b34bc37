"""Activities: notes, calls and meetings that people write down in one call, with the next step."""
