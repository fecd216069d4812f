"""What it costs, measured on this machine."""
