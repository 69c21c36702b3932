"""The rules of an interlibrary-loan desk: pure values and functions, no clock, file, network or database."""
