"""Which credential signed this Amazon Bedrock request, and was that right?

The plugin loads this package at the start of every pytest run of every project that
installed it, so this file stays empty of imports.
"""

__version__ = "0.1.0"
