"""File jobs: a file that an event names, predicted record by record, as a job with an end.

A delivery to a FileBatch makes a job of each file that its event names, and is parked until they
are done. A job is a record, and a record for each chunk of the file that is durable: from these it
goes on after any end of the process. Reading, cutting and writing are `sinks.file_batch`.
"""
