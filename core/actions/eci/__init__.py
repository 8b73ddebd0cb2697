"""What is done about pods on ECI: their owners restarted, muted, told; one pod deleted."""
