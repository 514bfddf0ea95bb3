"""`irisplane fibre`: the plant in the ground, what runs over it, and what breaks if it is cut."""
