"""Recorded runs of torch: an oracle that needs no torch."""
