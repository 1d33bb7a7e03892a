"""Load for measurements and trials: many cases of one invented desk."""
