"""The real SDKs against the carrier sandbox."""
