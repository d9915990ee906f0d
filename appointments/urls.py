"""Addresses of the request form and of the patient's status page."""

from django.urls import path

from appointments.patient.request_form import ConfirmationView, RequestFormView
from appointments.patient.status_page import (
    CancelView,
    ChangeView,
    CopyView,
    FindView,
    FromMailView,
    StatusView,
    VisitFileView,
)

urlpatterns = [
    path("request/", RequestFormView.as_view(), name="request_appointment"),
    path("received/<str:token>/", ConfirmationView.as_view(), name="request_received"),
    path("mail/<str:token>/", FromMailView.as_view(), name="request_from_mail"),
    path("status/", FindView.as_view(), name="request_find"),
    path("status/<str:token>/", StatusView.as_view(), name="request_status"),
    path("status/<str:token>/copy/", CopyView.as_view(), name="request_copy"),
    path("status/<str:token>/visit.ics", VisitFileView.as_view(), name="request_visit"),
    path("status/<str:token>/cancel/", CancelView.as_view(), name="request_cancel"),
    path("status/<str:token>/change/", ChangeView.as_view(), name="request_change"),
]
