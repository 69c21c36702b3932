"""What is kept: tables, and the functions between rows and core values."""
