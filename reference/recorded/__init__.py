"""What torch did, recorded: an oracle that needs no torch."""
