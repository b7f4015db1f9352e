"""One file a backend: the library that executes the model."""
