"""labelme with a tracker: what is drawn on one frame is followed through the others."""
