"""The version of the package, which its metadata has from here."""

__version__ = "0.1.0"
