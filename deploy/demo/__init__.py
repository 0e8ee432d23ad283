"""`headrace demo`: real measurements, a real model, and a subscriber that is not always well."""
