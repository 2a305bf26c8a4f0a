"""What every request meets, and what all rooms share: who is asking, limits, forms, health, how a page is made."""
