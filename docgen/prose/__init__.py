"""What documents say of a source tree, held against the tree itself.

A document is read into blocks, rules find claims in the blocks, and each claim is held
against the facts of the tree: its Catalog, Makefiles, programs, build files and files.
Nothing of the tree is executed or imported, and nothing here imports Sphinx.
"""
