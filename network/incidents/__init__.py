"""What went wrong in the network, put together: one cut is one incident, whatever it rings."""
