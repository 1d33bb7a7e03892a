"""The demonstration: three packages, their handlers and generated data. No product code."""
