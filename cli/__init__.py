"""The `irisplane` command: a client of the REST API; only up, down, logs, lab and key rotation act on this machine."""
