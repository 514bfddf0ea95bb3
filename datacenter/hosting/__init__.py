"""The private cloud: projects of administrations, and what they order in them."""
