"""A real region on one machine: what stands at the other end of the wire."""
