"""Pictures in a task's text, and their addresses."""

from urllib.parse import unquote

from camunda_backup.visual.pictures import gallery_address, picture_address, picture_markdown

RUN = "manual__2026-11-23T15:43:18+00:00"


def picture(title: str) -> dict[str, str]:
    return {"title": title, "url": f"u/{title}.png"}


def test_addresses_have_no_slash_in_front_and_none_out_of_a_name() -> None:
    address = picture_address("restore_a", RUN, "../x")
    assert address.startswith(f"{gallery_address('restore_a', RUN)}/")
    assert address.count("/") == 4
    assert unquote(address) == f"camunda-backup/restores/restore_a/{RUN}/../x.png"


def test_pictures_stand_two_in_a_row_under_their_titles() -> None:
    taken = {"pictures": [picture("a"), picture("b"), picture("c")], "skipped": None}
    assert picture_markdown(taken).splitlines() == [
        "| **a** | **b** |",
        "|---|---|",
        "| [![a](u/a.png)](u/a.png) | [![b](u/b.png)](u/b.png) |",
        "| **c** |",
        "| [![c](u/c.png)](u/c.png) |",
    ]


def test_pictures_that_were_not_taken_are_told() -> None:
    assert picture_markdown({"pictures": [], "skipped": "there is no browser"}) == (
        "Without pictures: there is no browser."
    )
    some = {"pictures": [picture("a")], "skipped": "Optimize: no connection"}
    assert picture_markdown(some).endswith("\n\nWithout pictures: Optimize: no connection.")
    assert picture_markdown(None) == "There are no pictures."
