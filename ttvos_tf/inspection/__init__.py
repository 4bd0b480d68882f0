"""What a file or a network holds, and how fast it runs."""
