"""Addresses of the request form and of the patient's status page."""

from django.urls import path

from appointments import status_views, views

urlpatterns = [
    path("request/", views.request_appointment, name="request_appointment"),
    path("received/<str:token>/", views.request_received, name="request_received"),
    path("status/", status_views.find, name="request_find"),
    path("status/<str:token>/", status_views.page, name="request_status"),
    path("status/<str:token>/visit.ics", status_views.visit_file, name="request_visit"),
    path("status/<str:token>/withdraw/", status_views.withdraw, name="request_withdraw"),
    path("status/<str:token>/change/", status_views.change, name="request_change"),
]
