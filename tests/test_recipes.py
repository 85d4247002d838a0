"""The recipes of the docs: every cluster file in them is taken, every policy is JSON, every link leads on."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from camunda_backup.cluster_files import read_cluster
from camunda_backup.storage.stores import STORES
from tests.test_cluster_files import changed, put

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [DOCS / "snapshot-repositories.md", *sorted((DOCS / "clouds").glob("*.md"))]
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
CLUSTER_FILE = "# include/clusters/prod.yaml"
LINK = re.compile(r"\]\(([^)#]+)?(#[^)]+)?\)")


def blocks(page: Path, language: str) -> Iterator[str]:
    """Yield the blocks of a page in one language."""
    for _, kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == language:
            yield text


def anchors(page: Path) -> set[str]:
    """Give the anchors of a page's headings, as renderers make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


CLUSTER_FILES = {
    f"{page.stem}-{number}": text
    for page in PAGES
    for number, text in enumerate(text for text in blocks(page, "yaml") if text.strip().startswith(CLUSTER_FILE))
}


@pytest.mark.parametrize("text", CLUSTER_FILES.values(), ids=CLUSTER_FILES)
def test_every_cluster_file_of_a_recipe_is_taken(tmp_path: Path, text: str) -> None:
    fields: dict[str, Any] = yaml.safe_load(text)
    cluster = read_cluster(put(tmp_path, changed(**fields)))
    assert cluster.repository.name == "camunda"


def test_there_is_a_recipe_for_every_type() -> None:
    told = {yaml.safe_load(text)["repository"]["type"] for text in CLUSTER_FILES.values()}
    assert told == set(STORES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_policy_is_json_and_every_sketch_yaml(page: Path) -> None:
    for text in blocks(page, "json"):
        assert json.loads(text)["Statement"]
    for text in blocks(page, "yaml"):
        assert yaml.safe_load(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        if anchor:
            assert anchor[1:] in anchors(target), f"{path}{anchor}"


@pytest.mark.parametrize("kind", ["s3", "azure", "gcs"])
def test_the_recipe_holds_what_a_refusal_asks_for(kind: str) -> None:
    page = DOCS / "clouds" / {"s3": "aws.md", "azure": "azure.md", "gcs": "gcp.md"}[kind]
    text = page.read_text(encoding="utf-8")
    wanted = {
        "s3": ("s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:DeleteObject", "s3:AbortMultipartUpload"),
        "azure": ("Storage Blob Data Contributor",),
        "gcs": ("roles/storage.admin", "storage.objects.create"),
    }[kind]
    told = f"{STORES[kind].grant} {STORES[kind].permissions}"
    for word in wanted:
        assert word in text
        assert word in told
