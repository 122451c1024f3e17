"""Cassettes: Bedrock traffic recorded without a secret and replayed with its scheme provable."""
