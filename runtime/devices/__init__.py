"""What this machine has: processors, accelerators, libraries, limits."""
