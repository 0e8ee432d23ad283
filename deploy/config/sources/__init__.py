"""The schemas of the kinds of sources, one module each: its YAML to the options it runs by."""
