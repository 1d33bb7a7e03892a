"""Tests of the project's shell that need no server."""
