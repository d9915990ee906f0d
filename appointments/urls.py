"""Addresses of the request form."""

from django.urls import path

from appointments import views

urlpatterns = [
    path("request/", views.request_appointment, name="request_appointment"),
    path("received/<str:token>/", views.request_received, name="request_received"),
]
