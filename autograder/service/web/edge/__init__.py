"""Shared by all rooms and met by every request: access, limits, forms, health, rendering of pages."""
