"""A URL in a post is an attempt to make this machine ask for something, until it is shown not to be one."""

from __future__ import annotations

import pytest

from trend_assets.media.addresses import REFUSALS, MediaRefusedError, Target, is_public, target_of

HOSTS = ["pbs.example.com", "cdn.example.org"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://pbs.example.com/a.jpg", "not_https"),
        ("ftp://pbs.example.com/a.jpg", "not_https"),
        ("file:///etc/passwd", "not_https"),
        ("//pbs.example.com/a.jpg", "not_https"),
        ("7_1234567890", "not_https"),
        ("https://evil.example.com/a.jpg", "host_not_allowed"),
        ("https://pbs.example.com.evil.net/a.jpg", "host_not_allowed"),
        ("https://xpbs.example.com/a.jpg", "host_not_allowed"),
        ("https://127.0.0.1/a.jpg", "host_not_allowed"),
        ("https://[::1]/a.jpg", "host_not_allowed"),
        ("https://2130706433/", "host_not_allowed"),
        ("https:///a.jpg", "host_not_allowed"),
        ("https://user:password@pbs.example.com/a.jpg", "credentials_in_url"),
        ("https://pbs.example.com@127.0.0.1/a.jpg", "credentials_in_url"),
        ("https://pbs.example.com:22/a.jpg", "port_not_allowed"),
        ("https://pbs.example.com:99999/a.jpg", "bad_url"),
        ("https://[half/a.jpg", "bad_url"),
        ("https://pbs.example.com\\@127.0.0.1/a.jpg", "bad_url"),
        ("https://pbs.example.com/a.jpg\r\nHost: inside", "bad_url"),
        ("https://pbs.exａmple.com/a.jpg", "bad_url"),
        ("https://pbs.example.com/" + "a" * 3_000, "bad_url"),
    ],
)
def test_what_may_not_be_asked_is_refused_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(MediaRefusedError) as refused:
        target_of(url, HOSTS)
    assert refused.value.reason == reason
    assert reason in REFUSALS


def test_an_allowed_url_is_taken_apart() -> None:
    assert target_of("HTTPS://PBS.Example.com./media/a.jpg?name=small#x", HOSTS) == Target(
        "pbs.example.com", 443, "/media/a.jpg?name=small"
    )
    assert target_of("https://cdn.example.org", HOSTS) == Target("cdn.example.org", 443, "/")


def test_without_an_allow_list_nothing_may_be_asked() -> None:
    with pytest.raises(MediaRefusedError, match="host_not_allowed"):
        target_of("https://pbs.example.com/a.jpg", [])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::", "2001:0:0:0:0:0:0:1", "::127.0.0.1", "no address", "",
    ],
)  # fmt: skip
def test_addresses_that_lead_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "151.101.1.1", "2606:4700:4700::1111"])
def test_public_addresses_are(address: str) -> None:
    assert is_public(address)
