"""Labels of a video in the formats of labelling and training tools. One file a format."""
