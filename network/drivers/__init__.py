"""Who talks to equipment, behind one small Protocol."""
