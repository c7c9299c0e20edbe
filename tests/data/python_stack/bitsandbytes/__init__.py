"""As much of bitsandbytes as nety's scripts use."""

from bitsandbytes import functional, nn

__version__ = "0.50.2"
