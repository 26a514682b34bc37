"""Users, sessions, one-time codes and roles: who somebody is."""
