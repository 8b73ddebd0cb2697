"""What only registered clusters (ACK One) need: the script by which machines join."""
