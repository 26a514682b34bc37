"""Rounds: whom to visit how often, the order of a day's calls, and how the team's day went."""
