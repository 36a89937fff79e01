"""Commands that show what databases hold and do not change them."""
