"""Ways through a network of ducts, cables or links: cheapest, several, disjoint, diverse by shared risk."""
