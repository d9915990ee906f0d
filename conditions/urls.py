"""Addresses of the public pages about health."""

from django.urls import path

from conditions import views

urlpatterns = [
    path("", views.home, name="home"),
    path("conditions/", views.condition_list, name="condition_list"),
    path("conditions/<slug:slug>/", views.condition, name="condition"),
    path("treatments/<slug:slug>/", views.treatment, name="treatment"),
    path("physicians/<slug:slug>/", views.physician, name="physician"),
    path("search/", views.search_page, name="search"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
]
