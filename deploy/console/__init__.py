"""The console: pages over the admin API, for people with a browser.

It knows nothing that the API does not tell and does nothing that the API does not do: each page
asks the routes below /api/ as whoever is signed in, and shows what they answer.
"""
