"""Pictures that staff upload: decoded, turned upright, made small; anything else is refused."""

import io

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from clinic_site.models import Picture
from clinic_site.pictures import read_picture
from tests.accounts import sign_in_as


def file_of(image: Image.Image, kind: str, **options) -> io.BytesIO:
    out = io.BytesIO()
    image.save(out, kind, **options)
    out.seek(0)
    return out


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_large_picture_becomes_a_small_webp_without_its_exif(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "Taken at home"

    picture = read_picture(
        file_of(Image.new("RGB", (3000, 1500), "red"), kind, exif=exif), alt="Red"
    )

    assert (picture.width, picture.height) == (1200, 600)
    assert b"Taken at home" not in picture.content
    assert Image.open(io.BytesIO(picture.content)).format == "WEBP"


def test_a_picture_taken_sideways_stands_upright() -> None:
    sideways = Image.new("RGB", (40, 20), "blue")
    sideways.paste("red", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it a quarter to the right

    picture = read_picture(file_of(sideways, "PNG", exif=exif), alt="Two colors")

    upright = Image.open(io.BytesIO(picture.content)).convert("RGB")
    assert upright.size == (20, 40)
    red = upright.crop((0, 0, 20, 20)).resize((1, 1)).tobytes()[0]
    assert red > 200  # the red half is on top


def test_what_is_transparent_stays_so() -> None:
    picture = read_picture(file_of(Image.new("RGBA", (10, 10), (0, 0, 0, 0)), "PNG"), alt="None")

    assert Image.open(io.BytesIO(picture.content)).mode == "RGBA"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + bytes(50),
        file_of(Image.new("RGB", (50, 50)), "PNG").read()[:60],
        file_of(Image.new("L", (6000, 6000)), "PNG").read(),
    ],
    ids=["empty", "svg", "gif", "cut off", "too many pixels"],
)
def test_what_is_no_picture_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(ValidationError, match="picture"):
        read_picture(io.BytesIO(data), alt="x")


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValidationError, match="over 15 MB"):
        read_picture(io.BytesIO(bytes(15 * 1024 * 1024 + 1)), alt="x")


@pytest.mark.django_db
def test_staff_upload_a_picture_once_and_can_mend_its_words() -> None:
    client = sign_in_as("editor")

    def upload() -> str:
        data = file_of(Image.new("RGB", (30, 20), "green"), "PNG").read()
        file = SimpleUploadedFile("green.png", data, "image/png")
        add = "/admin/clinic_site/picture/add/"
        return client.post(add, {"alt": "Green", "file": file}, follow=True).text

    assert "was added successfully" in upload()
    assert "This picture is here already." in upload()
    picture = Picture.objects.get()
    change = f"/admin/clinic_site/picture/{picture.pk}/change/"
    assert f"picture:{picture.hash}" in client.get(change).text
    client.post(change, {"alt": "A green field"})
    assert Picture.objects.get().alt == "A green field"
    served = client.get(picture.get_absolute_url())
    assert served["Content-Type"] == "image/webp"
    assert "immutable" in served["Cache-Control"]
