"""Training clips: real videos, still images set in motion and rendered scenes. No TensorFlow here."""
