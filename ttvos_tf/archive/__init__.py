"""Many videos: a manifest, one `ttvos segment` process a video, a record of how each ended."""
