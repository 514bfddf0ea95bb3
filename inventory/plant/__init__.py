"""The fibre plant: ducts, cables, strands, splices, panels, circuits; what a light meets, and what it loses."""
