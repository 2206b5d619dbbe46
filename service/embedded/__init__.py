"""The whole service on one machine with one command: Redis, the API and one worker, supervised."""
