"""Bytes to values and back: request decoder, reply encoder, reply types, every error text."""
