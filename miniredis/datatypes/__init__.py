"""The values a key can hold; they know no keys and no clients."""
