"""The glossary: the field's words, defined in our own, with the document that sets them."""
