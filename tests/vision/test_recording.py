import av
import pytest
from tests.vision.scenes import crossing, write_video

from bunraku.errors import UserError
from bunraku.vision.recording import MINIMUM_BYTES, BitstreamRing


def packets(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def record(ring, path, camera="desk", offset=0.0):
    places = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if packet.size:
                before = (packet.pts, packet.dts, packet.time_base)
                places.append(ring.write(camera, packet, stream, offset + float(packet.pts * packet.time_base)))
                assert (packet.pts, packet.dts, packet.time_base) == before
    return places


def size_on_disk(directory):
    return sum(path.stat().st_size for path in directory.rglob("*.mkv"))


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "desk.mp4", crossing(60))


def test_the_bitstream_is_copied_untouched(tmp_path, video):
    ring = BitstreamRing(tmp_path / "video", 10 * MINIMUM_BYTES, segment_seconds=1.0)
    places = record(ring, video)
    ring.close()
    segments = sorted((tmp_path / "video" / "desk").glob("*.mkv"))
    assert len(segments) == 3
    assert [data for segment in segments for data in packets(segment)] == packets(video)
    assert len({(place.file, place.pts) for place in places}) == 60


def test_a_pointer_finds_its_picture(tmp_path, video):
    ring = BitstreamRing(tmp_path / "video", 10 * MINIMUM_BYTES, segment_seconds=1.0)
    place = record(ring, video)[37]
    ring.close()
    with av.open(str(tmp_path / place.file)) as container:
        stream = container.streams.video[0]
        assert float(stream.time_base) == place.time_base
        found = [picture for picture in container.decode(stream) if picture.pts == place.pts]
    with av.open(str(video)) as container:
        truth = list(container.decode(video=0))[37]
    assert (found[0].to_ndarray() == truth.to_ndarray()).all()


def test_the_cap_holds_and_flagged_segments_stay(tmp_path, video):
    ring = BitstreamRing(tmp_path / "video", MINIMUM_BYTES, segment_seconds=1.0)
    record(ring, video)
    ring.finish("desk")
    assert ring.preserve("desk", 1.2, 1.3) == 2
    kept = {path.with_suffix(".mkv") for path in (tmp_path / "video" / "desk").glob("*.keep")}
    lap = size_on_disk(tmp_path)
    for i in range(1, 2 + 2 * MINIMUM_BYTES // lap):
        record(ring, video, offset=3.0 * i)
        assert size_on_disk(tmp_path) <= MINIMUM_BYTES
        ring.finish("desk")
    assert all(path.exists() for path in kept)
    assert len(list((tmp_path / "video" / "desk").glob("*.mkv"))) > len(kept)


def test_a_segment_of_a_killed_writer_is_readable(tmp_path, video):
    ring = BitstreamRing(tmp_path / "video", 10 * MINIMUM_BYTES, segment_seconds=100.0)
    record(ring, video)
    segment = next((tmp_path / "video" / "desk").glob("*.mkv"))
    copy = tmp_path / "copy.mkv"
    copy.write_bytes(segment.read_bytes())
    found = packets(copy)
    assert len(found) >= 48
    assert found == packets(video)[: len(found)]
    ring.close()


def test_too_small_a_cap_is_refused(tmp_path):
    with pytest.raises(UserError, match="at least"):
        BitstreamRing(tmp_path, 1000)
