"""As much of accelerate as the scripts' imports."""
