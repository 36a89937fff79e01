"""Commands that bring databases to other programs, and points of other programs into databases."""
