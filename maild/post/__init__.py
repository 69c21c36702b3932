"""Letters go out: outbox to SMTP or Maildir."""
