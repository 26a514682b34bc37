"""Where bodies wait until they are whole: small ones in memory however many arrive, large ones on disk in the end."""

import asyncio
from io import BytesIO
from typing import IO, Any

import pytest

from mcrm.edge import bodies
from mcrm.edge.asgi import Message, Scope
from mcrm.edge.bodies import Intake
from mcrm.edge.problems import Refusal


def scope(declared: int | None) -> Scope:
    header = (b"transfer-encoding", b"chunked") if declared is None else (b"content-length", str(declared).encode())
    return {"type": "http", "http_version": "1.1", "path": "/v1/orders", "headers": [header]}


async def arriving_at_once(count: int, size: int, *, declared: bool = True) -> list[tuple[IO[bytes], int]]:
    """So many bodies, each complete only when the first piece of every other one is there."""
    intake, everybody = Intake(1_000_000, {}, 20), asyncio.Barrier(count)

    async def one() -> tuple[IO[bytes], int]:
        pieces = [b"x" * (size // 2), b"x" * (size - size // 2)]

        async def receive() -> Message:
            if len(pieces) == 1:
                await everybody.wait()
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        return await intake.take(scope(size if declared else None), receive)

    taken = await asyncio.gather(*(one() for _ in range(count)))
    assert intake.arriving == intake.large == 0
    return list(taken)


def is_on_disk(body: Any) -> bool:
    return not isinstance(body, BytesIO) and getattr(body, "_rolled", True)


def test_many_small_bodies_at_once_touch_no_disk() -> None:
    taken = asyncio.run(arriving_at_once(2 * bodies.IN_MEMORY, 1000))
    assert not [body for body, _ in taken if is_on_disk(body)]
    assert {(body.read(), size) for body, size in taken} == {(b"x" * 1000, 1000)}


@pytest.mark.parametrize("declared", [True, False])
def test_of_many_large_bodies_at_once_only_so_many_stay_in_memory(
    monkeypatch: pytest.MonkeyPatch, declared: bool
) -> None:
    monkeypatch.setattr(bodies, "IN_MEMORY", 3)
    size = bodies.SMALL_BYTES + 1
    taken = asyncio.run(arriving_at_once(8, size, declared=declared))
    assert sum(is_on_disk(body) for body, _ in taken) == 5
    assert {(len(body.read()), size) for body, size in taken} == {(size, size)}
    for body, _ in taken:
        body.close()


def test_a_body_that_finds_no_room_on_the_disk_is_asked_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> IO[bytes]:
        raise OSError("No space left on device")

    monkeypatch.setattr(bodies, "IN_MEMORY", 0)
    monkeypatch.setattr(bodies, "TemporaryFile", full)
    with pytest.raises(Refusal) as refused:
        asyncio.run(arriving_at_once(1, bodies.SMALL_BYTES + 1))
    assert refused.value.status == 503
