"""The web process: pages, live progress, the HTTP API. It shows and stores; it marks nothing and holds no secret."""
