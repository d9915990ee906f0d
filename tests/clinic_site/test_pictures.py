"""Pictures that staff upload: decoded, turned upright, made small; anything else is refused."""

import io
import os
from pathlib import Path
from unittest import mock

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from clinic_site.access.models import User
from clinic_site.models import Notice, Physician, Picture
from clinic_site.pictures import read_picture
from conditions.content.document import Illustration
from conditions.models import Condition
from conditions.publishing.publish import unpublish
from tests.commands import manage
from tests.forms import Filled
from tests.generated import SOAK
from tests.make import (
    edited,
    make_account,
    make_condition,
    make_picture,
    published,
    sign_in_as,
    signed_in,
)

pytestmark = pytest.mark.sqlite_first


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
    sideways = Image.new("RGB", (400, 200), "blue")
    sideways.paste("red", (0, 0, 200, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it a quarter to the right

    picture = read_picture(file_of(sideways, "PNG", exif=exif), alt="Two colors")

    upright = Image.open(io.BytesIO(picture.content)).convert("RGB")
    assert upright.size == (200, 400)
    red = upright.crop((0, 0, 200, 200)).resize((1, 1)).tobytes()[0]
    assert red > 200  # the red half is on top


def test_a_shade_that_stands_for_nothing_is_no_hindrance() -> None:
    data = file_of(halves("I;16"), "PNG", transparency=2000)

    assert read_picture(data, alt="Two halves").width == 1200


def test_what_is_transparent_stays_so() -> None:
    picture = read_picture(file_of(Image.new("RGBA", (100, 100), (0, 0, 0, 0)), "PNG"), alt="None")

    assert Image.open(io.BytesIO(picture.content)).mode == "RGBA"


def stored_at(picture: Picture, x: int, y: int, mode: str = "L") -> int:
    """The last byte of one pixel as it is stored: how light it is, or how opaque."""
    stored = Image.open(io.BytesIO(picture.content)).convert(mode)
    return stored.crop((x, y, x + 1, y + 1)).tobytes()[-1]


def halves(mode: str) -> Image.Image:
    """Dark on the left, light on the right, in this mode."""
    gray = Image.new("L", (1600, 800), 40)
    gray.paste(220, (800, 0, 1600, 800))
    if mode == "I;16":
        # As an X-ray: 12 of 16 bits, the lightest of them far from white.
        return gray.convert("I").point(lambda each: each * 9).convert("I;16")
    if mode == "PA":
        return gray.convert("RGBA").convert("P")
    return gray.convert("RGB").convert(mode)


MODES = ["1", "L", "LA", "P", "PA", "I;16", "RGB", "RGBA", "CMYK"]


@pytest.mark.parametrize("mode", MODES[:: 1 if SOAK else 2])
def test_what_is_dark_stays_dark_and_what_is_light_light(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    picture = read_picture(file_of(halves(mode), kind), alt="Two halves")

    assert (picture.width, picture.height) == (1200, 600)
    assert stored_at(picture, 300, 300) < 90
    assert stored_at(picture, 900, 300) > 170


@pytest.mark.parametrize("mode", ["1", "P"])
def test_fine_lines_become_shades_as_they_get_smaller(mode: str) -> None:
    stripes = Image.new("1", (4800, 400))
    for x in range(0, 4800, 2):
        stripes.paste(1, (x, 0, x + 1, 400))

    picture = read_picture(file_of(stripes.convert(mode), "PNG"), alt="Stripes")

    assert (
        100 < stored_at(picture, 600, 50) < 155
    )  # every fourth column of it would be white, or black


def test_a_clear_background_of_a_palette_stays_clear() -> None:
    drawn = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    drawn.paste((200, 0, 0, 255), (0, 0, 200, 400))

    picture = read_picture(file_of(drawn.quantize(), "PNG"), alt="A half")

    assert stored_at(picture, 300, 200, "RGBA") == 0
    assert stored_at(picture, 100, 200, "RGBA") == 255


PEAK = """
from resource import RUSAGE_SELF, getrusage
from clinic_site.pictures import read_picture
with open({path!r}, "rb") as file:
    before = getrusage(RUSAGE_SELF).ru_maxrss
    picture = read_picture(file, alt="x")
print(picture.width, picture.height, getrusage(RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("kind", ["MPO", "JPEG"][: 2 if SOAK else 1])
def test_a_phones_48_megapixels_are_taken_within_the_memory_of_a_small_machine(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "phone.jpg"
    more = (
        {"save_all": True, "append_images": [Image.new("RGB", (80, 60))]} if kind == "MPO" else {}
    )
    Image.new("RGB", (8064, 6048), "teal").save(path, kind, **more)

    code = PEAK.format(path=str(path))
    done = manage("shell", "--verbosity=0", "-c", code, environment=dict(os.environ))

    assert done.returncode == 0, done.stderr
    width, height, kilobytes = map(int, done.stdout.split())
    assert (width, height) == (1200, 900)
    assert kilobytes < 100_000  # all of it would be 190,000


def test_who_brings_an_iphones_own_format_is_told_what_to_do() -> None:
    heic = b"\0\0\0\x24ftypheic" + bytes(100)

    with pytest.raises(ValidationError, match="by email .* Settings, Camera, Formats"):
        read_picture(io.BytesIO(heic), alt="x")


@pytest.mark.parametrize("size", [(10, 10), (99, 1000), (2000, 2)])
def test_a_picture_too_small_to_look_at_is_refused_with_its_size(size: tuple[int, int]) -> None:
    with pytest.raises(ValidationError, match=f"{size[0]} by {size[1]} pixels.*100 by 100"):
        read_picture(file_of(Image.new("RGB", size), "PNG"), alt="x")


def test_too_many_pixels_are_told_how_to_become_fewer() -> None:
    whole = Image.new("L", (8064, 6048))

    for kind, options in (("PNG", {}), ("JPEG", {"progressive": True})):
        with pytest.raises(ValidationError, match="too many pixels. Save it as a JPEG, or smaller"):
            read_picture(file_of(whole, kind, **options), alt="x")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + bytes(50),
        file_of(Image.new("RGB", (500, 500)), "PNG").read()[:60],
    ],
    ids=["empty", "svg", "gif", "cut off"],
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
        data = file_of(Image.new("RGB", (300, 200), "green"), "PNG").read()
        file = SimpleUploadedFile("green.png", data, "image/png")
        add = "/admin/clinic_site/picture/add/"
        return client.post(add, {"alt": "Green", "file": file}, follow=True).text

    assert "was added successfully" in upload()
    picture = Picture.objects.get()
    change = f"/admin/clinic_site/picture/{picture.pk}/change/"
    told = f'This picture is here already, as <a href="{change}">Green</a>.'
    assert upload().count(told) == 2  # at the field, and in the list of what is wrong
    assert f"picture:{picture.hash}" in client.get(change).text
    client.post(change, {"alt": "A green field"})
    assert Picture.objects.get().alt == "A green field"


@pytest.mark.django_db
@pytest.mark.on_postgresql
def test_of_two_clicks_at_once_the_second_is_told_that_the_picture_is_here() -> None:
    # Given a picture that another click stores after this one has looked for it,
    data = file_of(Image.new("RGB", (300, 200), "green"), "PNG").read()
    read_picture(io.BytesIO(data), alt="Green").save()
    found = [Picture.objects.none(), Picture.objects.all()]

    with mock.patch.object(Picture.objects, "filter", side_effect=found):
        sent = {"alt": "My words", "file": SimpleUploadedFile("green.png", data, "image/png")}
        answer = sign_in_as("editor").post("/admin/clinic_site/picture/add/", sent)

    assert "This picture is here already, as" in answer.text
    assert 'value="My words"' in answer.text
    assert Picture.objects.get().alt == "Green"


def delete_page(picture: Picture) -> str:
    return f"/admin/clinic_site/picture/{picture.pk}/delete/"


@pytest.mark.django_db
def test_a_picture_is_public_while_a_page_that_patients_see_shows_it() -> None:
    picture = make_picture()
    name, address = f"picture:{picture.hash}", picture.get_absolute_url()
    patient, editor = Client(), sign_in_as("editor")
    assert patient.get(address).status_code == 404
    assert patient.get(picture.address_for_staff).status_code == 302
    assert editor.get(picture.address_for_staff)["Content-Type"] == "image/webp"
    assert (
        "Patients cannot see it."
        in editor.get(delete_page(picture).replace("delete", "change")).text
    )

    page = make_condition(picture=Illustration(source=name, alt="A teal wall"))
    assert patient.get(address).status_code == 404
    preview = editor.get(f"/admin/conditions/condition/{page.pk}/preview/").text
    assert picture.address_for_staff in preview
    assert f'"{address}"' not in preview
    published(page)
    served = patient.get(address)
    assert served["Content-Type"] == "image/webp"
    assert "immutable" in served["Cache-Control"]
    unpublish(page=Condition.objects.get(), by=None)
    assert patient.get(address).status_code == 404

    who = {"slug": "a", "name": "Dr. A", "specialty": "Backs", "bio": "A bio."}
    physician = Physician.objects.create(photo=picture, active=False, **who)
    assert patient.get(address).status_code == 404
    Physician.objects.update(active=True)
    assert patient.get(address).status_code == 200
    physician.delete()
    Notice.objects.create(slug="n", title="Way in", body=f"The door:\n\n![A door]({name})")
    assert patient.get(address).status_code == 200


@pytest.mark.django_db
def test_a_picture_can_be_deleted_once_no_page_and_no_draft_shows_it() -> None:
    picture, editor = make_picture(), sign_in_as("editor")
    page = make_condition(slug="sore", title="Sore back")
    edited(page, {"overview": f"Here:\n\n![A wall](picture:{picture.hash})"})
    Physician.objects.create(
        slug="a", name="Dr. A", specialty="x", bio="y", photo=picture, active=False
    )

    for told in (
        editor.get(delete_page(picture)),
        editor.post(delete_page(picture), {"post": "yes"}),
    ):
        assert "stays while a page or a draft shows it" in told.text
        assert (
            f'/admin/conditions/condition/{page.pk}/change/">Condition: Sore back</a>' in told.text
        )
        assert "Physician: Dr. A" in told.text
    assert Picture.objects.exists()

    edited(page, {"overview": "Nothing to see."})
    Physician.objects.update(photo=None)
    assert "Delete it for good?" in editor.get(delete_page(picture)).text
    editor.post(delete_page(picture), {"post": "yes"})
    assert not Picture.objects.exists()


@pytest.mark.django_db
def test_a_picture_stays_for_a_text_that_shows_it_while_somebody_can_save_that() -> None:
    picture, editor, kim = make_picture(), sign_in_as("editor"), make_account("kim", "editor")
    page = make_condition()
    shows = f"Here:\n\n![A wall](picture:{picture.hash})"

    def kim_types(name: str, words: str) -> None:
        form = Filled(signed_in(kim), f"/admin/conditions/condition/{page.pk}/change/", "edit")
        form.type(name, words).press("_do", "preview")

    edited(page, {"overview": shows})
    kim_types("summary", "It hurts.")
    edited(page, {"overview": "Nothing to see."})  # in kim's editor as well
    assert "Delete it for good?" in editor.get(delete_page(picture)).text

    kim_types("section-overview-body", shows)
    assert "Condition: Sore back</a>" in editor.get(delete_page(picture)).text
    User.objects.filter(pk=kim.pk).update(is_active=False)
    assert "Delete it for good?" in editor.get(delete_page(picture)).text


@pytest.mark.django_db
def test_who_forgets_the_words_is_asked_for_the_file_again() -> None:
    data = file_of(Image.new("RGB", (300, 200), "green"), "PNG").read()
    sent = {"alt": "", "file": SimpleUploadedFile("green.png", data, "image/png")}

    told = sign_in_as("editor").post("/admin/clinic_site/picture/add/", sent).text

    assert "This field is required." in told
    assert "Choose the picture once more" in told
