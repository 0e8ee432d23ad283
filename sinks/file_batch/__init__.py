"""The stateless half of file jobs: reading a file, cutting it into chunks, writing what came of it.

It knows neither jobs nor models. All that blocks is meant for a thread of its caller's.
"""
