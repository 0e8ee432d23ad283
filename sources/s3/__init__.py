"""Events of a bucket: what is put into it and what goes, told once whichever way it is seen."""
