"""Model sinks as operators see and steer them: figures, scale signals, weights, trials."""
