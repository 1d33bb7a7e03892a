"""The demonstration: four packages, their handlers and generated data. No product code."""
