"""Commands that draw what databases hold."""
