"""What keeps the simulated cluster alive: controllers, scheduler and kubelets, all working on the registry."""
