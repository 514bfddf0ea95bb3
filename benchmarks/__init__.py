"""Each claim of speed, side by side with what people use instead."""
