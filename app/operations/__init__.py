"""Running the service: logs, metrics, traces, the end of the server, what `policyqa doctor` says of it, the store's upkeep."""
