"""Hostile files and arguments: whatever a user can give ends well, or in one line.

`python -m tests.fuzz --cases 50000 --seed 0` runs many cases and prints the table of outcomes; the tests run some.
"""
