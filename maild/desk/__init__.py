"""What the desk asks of programs of the site, outside of every transaction."""
