"""Gates: what stands between a leak and the world, and how it is put in its place."""
