"""The ports of a cluster."""

from sandbox import ports


def test_no_two_servers_share_a_port() -> None:
    assert len(set(ports.OFFSETS.values())) == len(ports.OFFSETS)


def test_two_clusters_a_hundred_apart_do_not_overlap() -> None:
    assert max(ports.OFFSETS.values()) < 100


def test_urls_are_on_loopback() -> None:
    assert ports.urls(31000, ["zeebe_rest", "search"]) == {
        "zeebe_rest": "http://127.0.0.1:31010",
        "search": "http://127.0.0.1:31050",
    }
