"""How much device memory a model needs: read from its graph, part by part, before a build."""
