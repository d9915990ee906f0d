"""Addresses of the public pages about health."""

from django.urls import path

from conditions import views
from conditions.models import Condition, Treatment

urlpatterns = [
    path("", views.home, name="home"),
    path("conditions/", views.condition_list, name="condition_list"),
    path("conditions/<slug:slug>/", views.page, {"model": Condition}, name="condition"),
    path("treatments/<slug:slug>/", views.page, {"model": Treatment}, name="treatment"),
    path("physicians/<slug:slug>/", views.physician, name="physician"),
    path("search/", views.search_page, name="search"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
]
