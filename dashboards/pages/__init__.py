"""One module a place: what its addresses show and what their forms do."""
