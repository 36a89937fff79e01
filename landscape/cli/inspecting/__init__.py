"""Commands that tell what databases hold; none changes one."""
