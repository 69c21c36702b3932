"""Reading a mail: bytes to Mail, and a Mail's text to events. Pure."""
