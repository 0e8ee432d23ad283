-- Of all dead letters kept.
SELECT bytes FROM desk
