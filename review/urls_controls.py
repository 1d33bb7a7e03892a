"""Addresses of control tests over many cases, which workers run."""

from django.urls import path

from review.views.evidence import control_orders

urlpatterns = [
    path(
        "audit/controls/orders/<int:order_id>/",
        control_orders.control_order,
        name="control-order",
    ),
    path(
        "audit/controls/orders/<int:order_id>/cancel/",
        control_orders.control_order_cancel,
        name="control-order-cancel",
    ),
]
