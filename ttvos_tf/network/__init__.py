"""The network of the paper, and what is ours in it: a memory, and a limit to a target's reach."""
