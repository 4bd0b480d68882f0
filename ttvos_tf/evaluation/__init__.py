"""Tracking and scoring data sets: the measures J and F of DAVIS."""
