"""Laying a network over a corridor: which sites, which rings and spurs, in which ducts and cables, for how much."""
