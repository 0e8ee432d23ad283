"""Records of Kafka topics as events; positions are stored with the events that they cover.

`source` runs it; `cluster` asks Kafka; `reading` fetches, `events` makes events of records,
`publishing` hands them over; `positions` decides where each partition begins.
"""
