"""One file a target: its facts with sources, and its entries."""
