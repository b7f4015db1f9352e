"""What prose and guides say of a tree's commands, held against what the tree itself has."""
