"""Pictures, videos and files; nothing here knows of networks."""
