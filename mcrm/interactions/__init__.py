"""The shared log: everything that happened, on every channel, in the order of commits."""
