"""Evidence: bundles, samples, control tests, erasure, holds, retention."""
