import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.errors import UserError
from bunraku.vision.log import Log

MEGABYTE = 1 << 20


def payloads(log):
    return [record.payload for segment in log.segments for record in log.records(segment)]


def test_records_come_back_in_order(tmp_path):
    log = Log(tmp_path, MEGABYTE)
    written = [bytes([i]) * (i * 97 % 9000) for i in range(60)]
    for payload in written:
        log.append(1, payload)
    log.close()
    assert payloads(Log(tmp_path, MEGABYTE)) == written


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(0, 400), min_size=1, max_size=12), cut=st.floats(0, 1))
def test_cut_off_at_any_byte_it_keeps_every_whole_record_before(tmp_path_factory, sizes, cut):
    directory = tmp_path_factory.mktemp("log")
    log = Log(directory, MEGABYTE)
    ends = []
    for i, size in enumerate(sizes):
        segment, _ = log.append(2, bytes([i]) * size)
        ends.append(segment.size)
    log.close()
    path = log.segments[0].path
    at = round(cut * path.stat().st_size)
    path.write_bytes(path.read_bytes()[:at])
    again = Log(directory, MEGABYTE)
    assert payloads(again) == [bytes([i]) * s for i, (s, end) in enumerate(zip(sizes, ends, strict=True)) if end <= at]
    again.append(3, b"more")
    assert payloads(again)[-1] == b"more"


def test_a_flipped_bit_is_not_read(tmp_path):
    log = Log(tmp_path, MEGABYTE)
    for i in range(3):
        log.append(1, bytes([i]) * 50)
    log.close()
    data = bytearray(log.segments[0].path.read_bytes())
    data[-70] ^= 4
    log.segments[0].path.write_bytes(data)
    assert len(payloads(Log(tmp_path, MEGABYTE))) == 1


def test_it_refuses_to_grow_past_its_cap(tmp_path):
    log = Log(tmp_path, MEGABYTE)
    with pytest.raises(ValueError, match="full"):
        for _ in range(10_000):
            log.append(1, b"x" * 5000)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= MEGABYTE


def test_a_foreign_file_is_refused(tmp_path):
    (tmp_path / "recent-00000000.log").write_bytes(b"something else altogether")
    with pytest.raises(UserError, match="not a memory"):
        Log(tmp_path, MEGABYTE)
