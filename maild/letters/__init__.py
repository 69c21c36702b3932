"""Letters: templates to text, text to bytes."""
