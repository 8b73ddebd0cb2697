"""The drain: cordon, evict through budgets, see the pods gone; and cordoning alone."""
