"""The DAVIS measures: region similarity J, contour accuracy F, and their statistics. NumPy and OpenCV only."""
