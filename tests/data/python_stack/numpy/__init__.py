"""As much of numpy as the scripts' imports."""
