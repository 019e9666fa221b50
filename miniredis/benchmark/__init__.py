"""Load for a server of this protocol, ours or any other: miniredis-benchmark."""
