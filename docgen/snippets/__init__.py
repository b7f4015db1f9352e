"""Collect, run and keep the snippets of the pages; Sphinx only reads what is kept."""
