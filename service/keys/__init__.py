"""Tenants and their API keys: who may call, what for, how often, and how long what is theirs is kept."""
