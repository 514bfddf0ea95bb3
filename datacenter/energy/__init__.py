"""Energy accounts of the data centre: today an estimate from stated assumptions, to be replaced by meters."""
