"""A device in Python: the golden model behind the frames and registers of a real one."""
