"""WebhookSource: what others post to the ingress becomes events, by a template.

`source` judges requests, `offer` answers them after the commit. Pure behind them: `signature` (who
sent it), `reading` (what is in a request), `template` (places in a text), `making` (the event).
"""
