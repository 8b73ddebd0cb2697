"""What the screens are made of: the fleet table, the header line, the key line, the filter bar."""
