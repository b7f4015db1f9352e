class Field:
    def __init__(self, name, **options):
        self.name = name
        self.options = options

    def __eq__(self, other):
        return isinstance(other, Field) and self.name == other.name

    def __hash__(self):
        return hash(self.name)
