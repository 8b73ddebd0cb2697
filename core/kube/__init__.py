"""Kubernetes objects as this program sees them: typed decode, quantities, selectors, pod request arithmetic. No I/O."""
