"""Who may do what: callers, their roles and the collections that they may read."""
