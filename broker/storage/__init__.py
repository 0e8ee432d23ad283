"""Keeping events: three small contracts over one partition, and the engines that fill them."""

ENGINES = {
    "memory": "broker.storage.memory.engine:MemoryEngine",
    "sqlite": "broker.storage.sqlite.engine:SqliteEngine",
}
