"""Addresses of engines: what they mean, and that their passwords show nowhere."""

from __future__ import annotations

import pytest

from moodrec.engines.address import EngineAddress
from moodrec.errors import UsageError

SECRETS = [
    "s3cret-word",
    "with/slash",
    "a?b#c",
    "100%pure",
    "at@sign",
    "co:lon",
    "spaced out",
    "%2Fcoded",
    "ünï𝄞",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_password_apart_is_put_in_and_never_shown(secret: str) -> None:
    from psycopg.conninfo import conninfo_to_dict

    for text in (
        "postgresql://me@db:5433/music",
        "postgres://me@db:5433/music",
        "POSTGRES://me@db:5433/music",
    ):
        address = EngineAddress.of(text, password=secret)
        assert conninfo_to_dict(address.text) == {
            "user": "me",
            "password": secret,
            "host": "db",
            "port": "5433",
            "dbname": "music",
        }
        assert not address.has_password
        assert secret not in f"{address!r} {address.shown}"
    other = EngineAddress.of("milvus://me@host:19530", "songs", secret)
    assert (other.kind, other.catalogue, other.shown) == ("milvus", "songs", "milvus://host:19530")


def test_milvus_reads_the_password_as_it_was() -> None:
    from moodrec.engines.milvus.server import _parts_of

    for secret in SECRETS:
        text = EngineAddress.of("milvus://me@host:19530?consistency=Bounded", password=secret).text
        assert _parts_of(text) == ("http://host:19530", "me", secret, "Bounded")


def test_what_is_shown() -> None:
    written = "postgresql://me:hidden@db/music?host=/run/pg&sslkey=/home/me/key&options=-c%20x"
    address = EngineAddress.of(written)
    assert address.has_password
    assert address.shown == "postgresql://db/music?host=/run/pg"
    assert EngineAddress.of("postgresql:///music?host=/run/pg").text == "postgresql:///music?host=/run/pg"
    assert EngineAddress.of("milvus:///data/tracks.db").shown == "milvus:///data/tracks.db"


@pytest.mark.parametrize(
    "text",
    [
        "/a/folder",
        "mysql://me:hidden@db/music",
        "postgresql://me:hid/den@db/music",
        "postgresql://me:hid#den@db/music",
        "postgresql://me:hid?den@db/music",
        "postgresql://me@db/music?password=hidden",
        "postgresql://me@db/music?sslpassword=hidden",
        "postgresql://me:hid%00den@db/music",
        "hidden",
        "",
    ],
)
def test_what_is_no_address_is_refused_without_a_word_of_it(text: str) -> None:
    with pytest.raises(UsageError) as fault:
        EngineAddress.of(text)
    assert not any(part in str(fault.value) for part in ("hid", "den@"))
    with pytest.raises(UsageError, match="small letters"):
        EngineAddress.of("postgresql://db/music", "No Name")
