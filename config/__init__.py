"""The project's shell: settings, URLs, entry points and the embedded stack; no domain logic."""
