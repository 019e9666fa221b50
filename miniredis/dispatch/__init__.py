"""Sessions, the executor and its gates, transactions, blocking, pub/sub, tracking, ACL."""
