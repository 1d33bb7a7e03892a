"""Forms of the screens: what people may send, and what is said when it will not do."""
