"""Handlers of the demonstration packages; importing this registers them."""

from review.demo.handlers import invoices, loans, payments, trips

__all__ = ["invoices", "loans", "payments", "trips"]
