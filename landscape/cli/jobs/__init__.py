"""Work of the commands that read a run file; imported, with torch, only once the run file has been understood."""
