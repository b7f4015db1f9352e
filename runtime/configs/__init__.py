"""The config dialect: typed literal entries on frozen dataclasses, checked at construction."""
