"""Tests: unit (pure), integration (real servers), e2e (real browser), architecture."""
