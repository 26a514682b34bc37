"""The door of the REST API: what every resource is built with, and the conventions that hold at every one."""
