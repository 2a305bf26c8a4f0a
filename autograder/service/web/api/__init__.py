"""The HTTP API, and the page of the tokens that it takes."""
