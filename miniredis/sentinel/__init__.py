"""Watch, quorum, failover."""
