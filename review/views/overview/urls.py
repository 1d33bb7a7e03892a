"""Addresses of the dashboard: its page, its panels, the tasks behind its figures."""

from django.urls import path

from review.views.overview import definitions, kept, page, panels, rows, urgent

urlpatterns = [
    path("dashboard/", page.dashboard, name="dashboard"),
    path("dashboard/act/", urgent.urgent_act, name="figure-act"),
    path("dashboard/views/save/", kept.figure_view_save, name="figure-view-save"),
    path("dashboard/definitions/", definitions.figure_list, name="figure-list"),
    path("dashboard/panels/<slug:name>/", panels.panel, name="figure-panel"),
    path(
        "dashboard/panels/<slug:name>/table.csv",
        panels.panel_file,
        name="figure-panel-file",
    ),
    path("dashboard/rows/<slug:figure>/", rows.rows, name="figure-rows"),
    path(
        "dashboard/rows/<slug:figure>/tasks.csv",
        rows.rows_file,
        name="figure-rows-file",
    ),
]
