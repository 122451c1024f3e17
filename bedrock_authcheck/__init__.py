"""Tell which credential signed an Amazon Bedrock request, and whether that was right.

The plugin loads this package at the start of every pytest run of every project that
installed it, so this file stays empty of imports.
"""

__version__ = "0.1.0"
