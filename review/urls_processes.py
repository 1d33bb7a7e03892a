"""Addresses of the pages on how a process runs."""

from django.urls import path

from review.views.instances import instance_csv
from review.views.processes import process_compare, process_map, processes

urlpatterns = [
    path("instances.csv", instance_csv.instance_csv, name="instance-csv"),
    path("processes/<slug:key>/", processes.process_detail, name="process-detail"),
    path(
        "processes/<slug:key>/compare/",
        process_compare.process_compare,
        name="process-compare",
    ),
    path("processes/<slug:key>/map/", process_map.process_map, name="process-map"),
    path(
        "processes/<slug:key>/map/cases/",
        process_map.process_map_cases,
        name="process-map-cases",
    ),
]
