"""What people open in a browser: plain files, served by the application itself."""
