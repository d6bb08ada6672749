"""Compare runner with other tools, side by side in one run; prints what it did and judges nothing."""
