"""The corridor: streets, tracks and tunnels in which ducts could lie. Designs are laid over it; nothing runs in it."""
