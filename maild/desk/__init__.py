"""The staff mailbox."""
