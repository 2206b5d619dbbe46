"""GET /live: sliders in, pictures out, over a WebSocket."""
