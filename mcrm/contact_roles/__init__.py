"""Contact roles: who acts for which account, and as what."""
