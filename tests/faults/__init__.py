"""Real processes against real servers, killed and cut off while they work.

Also an application of its own, so that workers of these tests find its handlers.
"""
