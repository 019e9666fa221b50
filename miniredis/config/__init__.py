"""The directives table, the redis.conf reader and rewriter: text in, text out."""
