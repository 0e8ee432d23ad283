"""A source that makes events of files that come into a folder, change there and go."""
