"""Backup IDs rise, whatever is known already."""

from datetime import UTC, datetime, timedelta

import pytest

from camunda_backup.ids import IdScheme, mint, now_in

NOW = datetime(2026, 11, 23, 9, 59, 3, 330_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("scheme", "backup_id"),
    [
        (IdScheme.SECONDS, 1_795_427_943),
        (IdScheme.MILLISECONDS, 1_795_427_943_330),
        (IdScheme.DATETIME, 20_261_123_095_903),
    ],
)
def test_without_known_ids_the_id_is_the_time(scheme: IdScheme, backup_id: int) -> None:
    assert now_in(scheme, NOW) == mint(scheme, NOW, ()) == backup_id


@pytest.mark.parametrize("scheme", IdScheme)
@pytest.mark.parametrize(
    ("distance", "expected"),
    [(-1_000_000, 0), (-1, 0), (0, 1), (1, 2), (1_000_000, 1_000_001)],
)
def test_a_known_id_is_exceeded_only_where_time_does_not_exceed_it(
    scheme: IdScheme, distance: int, expected: int
) -> None:
    now = now_in(scheme, NOW)
    assert mint(scheme, NOW, [now + distance]) == now + expected


@pytest.mark.parametrize("scheme", IdScheme)
def test_an_id_of_another_scheme_is_exceeded_rather_than_collided_with(scheme: IdScheme) -> None:
    known = [now_in(other, NOW) for other in IdScheme]
    assert mint(scheme, NOW, known) > max(known)


@pytest.mark.parametrize("known", [[0], [-3], [0, -3]])
def test_ids_that_only_some_components_take_do_not_matter(known: list[int]) -> None:
    assert mint(IdScheme.SECONDS, NOW, known) == now_in(IdScheme.SECONDS, NOW)


@pytest.mark.parametrize("scheme", IdScheme)
def test_two_tries_in_one_second_take_two_ids(scheme: IdScheme) -> None:
    known: list[int] = []
    for _ in range(5):
        known.append(mint(scheme, NOW, known))
    assert known == sorted(set(known))


@pytest.mark.parametrize("scheme", IdScheme)
@pytest.mark.parametrize("later", [timedelta(seconds=1), timedelta(days=40), timedelta(days=400)])
def test_a_later_time_is_a_higher_id(scheme: IdScheme, later: timedelta) -> None:
    assert now_in(scheme, NOW + later) > now_in(scheme, NOW)
