"""What the verbs of the command line do; cli only names them."""
