"""Inbound dialogue: a message comes in, a use case runs, words go back."""
