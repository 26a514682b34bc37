"""The core of mCRM: what is true, and what may be done about it."""
