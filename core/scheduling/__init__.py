"""Can this pod run on that node: one module per filter plugin of kube-scheduler, named after it. Pure rules on single
values; who counts pods, in which order nodes are tried and what is remembered is in core/analysis/placement."""
