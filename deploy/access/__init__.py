"""Who may ask the admin listener, and what was asked of it: tokens, roles, sign-in, its audit."""
