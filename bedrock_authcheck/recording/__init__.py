"""Cassettes: record, scrub, scan, match and replay Bedrock traffic, its auth scheme kept provable."""
