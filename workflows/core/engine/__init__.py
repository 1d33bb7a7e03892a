"""The engine's pure core: stimuli in, changes and commands out."""
