"""What goes out: an action is planned as data, checked before anything is touched, run step by step, and written to a
journal. Nothing else in core may change a cluster. What would follow from an action is computed in analysis/what_if."""
