"""LTI 1.3: launches from learning platforms, their keys, their people, and the page that registers them."""
