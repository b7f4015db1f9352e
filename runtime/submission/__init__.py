"""From runs to a submission tree: packed, checked, rehearsed.

`pack` writes the tree of a round from run folders, `check` judges a tree by the rules in
`runtime.policies.submission`, and `rehearse` does all of it with generated images.
"""
