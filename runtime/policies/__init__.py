"""Rules as constants with an id, a text and a source; pure functions that apply them."""
