"""The project's own tests: which credential signs the Bedrock requests that they make."""
