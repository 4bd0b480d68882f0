"""The commands of `ttvos`: their arguments, and what they print."""
