"""BPMN 2.0: what a process is and how it is read."""
