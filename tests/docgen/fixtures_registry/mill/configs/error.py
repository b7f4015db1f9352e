class FieldError(Exception):
    pass


class HarnessError(Exception):
    pass
