"""Every address of the site; each app has its own list."""

from django.contrib import admin
from django.urls import include, path, re_path

from clinic_site import views

urlpatterns = [
    path("", include("conditions.urls")),
    path("appointments/", include("appointments.urls")),
    path("physicians/", views.physician_list, name="physician_list"),
    path("contact/", views.contact, name="contact"),
    path("notices/<slug:slug>/", views.notice, name="notice"),
    re_path(r"^pictures/(?P<hash>[0-9a-f]{64})\Z", views.picture, name="picture"),
    path("readyz", views.readyz, name="readyz"),
    path("robots.txt", views.robots, name="robots"),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path("favicon.ico", views.favicon),
    path("admin/", admin.site.urls),
]

handler400 = "clinic_site.views.bad_request"
handler403 = "clinic_site.access.refused.handle_403"
handler404 = "clinic_site.views.not_found"
handler500 = "clinic_site.views.server_error"
