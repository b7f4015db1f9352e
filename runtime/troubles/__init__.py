"""What goes wrong, by code: the section that a message names, for the terminal and the site."""
