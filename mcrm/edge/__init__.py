"""The edge: takes whole bodies in, hands them to Flask in a few threads, and serves the live streams itself."""
