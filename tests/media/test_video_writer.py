import subprocess
import wave

import cv2
import numpy as np
import pytest

from tests.clips import clip, write_video
from ttvos_tf.errors import TTVOSError
from ttvos_tf.media import video_writer
from ttvos_tf.media.ffmpeg import every_frame, ffmpeg, sound_of
from ttvos_tf.media.video import open_source
from ttvos_tf.media.video_writer import VideoWriter, check_suffix

WITH_FFMPEG = pytest.mark.skipif(ffmpeg() is None, reason="no ffmpeg: pip install imageio-ffmpeg")
RATE = 48000  # samples of sound a second


@pytest.fixture(params=[pytest.param(True, marks=WITH_FFMPEG, id="with ffmpeg"), pytest.param(False, id="without")])
def with_ffmpeg(request, monkeypatch):
    """Whether there is the program ffmpeg; without it MP4 is VP9 on Linux."""
    if not request.param:
        monkeypatch.setattr(video_writer, "ffmpeg", lambda: None)
    return request.param


def write(path, frames, fps=20, **options):
    with VideoWriter(path, fps, frames.shape[1:3], **options) as writer:
        for frame in frames:
            writer.write(frame)
    return writer


def run_ffmpeg(*arguments):
    command = [ffmpeg(), "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def decoded(path, channels, *codec):
    """A video's frames as ffmpeg decodes them, uint8 (T, H, W, channels)."""
    pixels = run_ffmpeg(*codec, "-i", path, "-f", "rawvideo", "-pix_fmt", {3: "rgb24", 4: "rgba"}[channels], "-")
    capture = cv2.VideoCapture(str(path))
    height, width = (int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_WIDTH))
    return np.frombuffer(pixels, np.uint8).reshape(-1, height, width, channels)


@pytest.mark.parametrize("size", [(64, 96), (63, 95)], ids=str)
@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".MP4"])
def test_written_and_read_back(tmp_path, with_ffmpeg, suffix, size):
    frames = clip(7)[0][:, : size[0], : size[1]]
    path = tmp_path / f"a{suffix}"
    codec = write(path, frames, 12.5).codec
    # A browser plays these three and nothing else that OpenCV can write.
    assert codec in (("vp8", "vp9") if suffix == ".webm" else ("h264",) if with_ffmpeg else ("h264", "vp9"))
    capture = cv2.VideoCapture(str(path))
    tag = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode()
    assert tag in {"h264": ("h264", "avc1"), "vp9": ("vp09", "VP90"), "vp8": ("VP80",)}[codec]
    source = open_source(path)
    assert source.fps == pytest.approx(12.5) and source.count == 7 and source.times is None
    for (_, found), frame in zip(source, frames, strict=True):
        assert found.shape == (64, 96, 3), "odd sizes get one row and column more"
        assert np.abs(found[: size[0], : size[1]].astype(int) - frame).mean() < 12


@WITH_FFMPEG
@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
@pytest.mark.parametrize("fps", [24000 / 1001, 25, 30000 / 1001, 60])
def test_rates_are_exact(tmp_path, suffix, fps):
    write(tmp_path / f"a{suffix}", clip(24)[0], fps)
    capture = cv2.VideoCapture(str(tmp_path / f"a{suffix}"))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(fps, rel=1e-9 if suffix == ".mp4" else 1e-3)
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == pytest.approx(24, abs=0 if suffix == ".mp4" else 1)


@WITH_FFMPEG
@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_frames_keep_times_that_vary(tmp_path, suffix):
    times = np.cumsum([0.0, *np.tile([0.04, 0.01, 0.15, 0.033, 0.3], 5)]).tolist()
    write(tmp_path / f"a{suffix}", clip(26)[0], 10, times=times)
    source = open_source(tmp_path / f"a{suffix}")
    assert source.times == pytest.approx(times, abs=1e-3)
    assert source.fps == pytest.approx(25 / times[-1], rel=1e-3)
    write(tmp_path / f"again{suffix}", clip(26)[0], source.fps, times=source.times)
    assert open_source(tmp_path / f"again{suffix}").times == pytest.approx(times, abs=1e-3)


def flash_and_beep(folder, suffix, *codecs, late=0.0, length=5.0):
    """A video of 20 fps that is white at 1.0 s only, where its sound is loud; its first picture comes `late`."""
    frames = np.zeros((round(20 * length), 64, 96, 3), np.uint8)
    frames[20] = 255
    write_video(folder / "silent.avi", frames)
    samples = np.zeros(round(RATE * (length + late)), np.int16)
    loud = round(RATE * (1.0 + late))
    samples[loud : loud + RATE // 10] = 20000 * np.sin(np.arange(RATE // 10) / 10)
    with wave.open(str(folder / "sound.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    path = folder / f"source{suffix}"
    run_ffmpeg(
        "-itsoffset", late, "-i", folder / "silent.avi", "-i", folder / "sound.wav", *codecs, *every_frame(), path
    )
    return path


def flash_of(path):
    """When a video is white, in seconds."""
    return next(index for index, (_, frame) in enumerate(open_source(path)) if frame.mean() > 128) / 20


def beep_of(path):
    """When a video begins to be loud, in seconds of the time of its pictures."""
    sound = sound_of(path)
    samples = np.frombuffer(
        run_ffmpeg("-i", path, "-map", "0:a:0", "-ac", 1, "-ar", RATE, "-f", "s16le", "-"), np.int16
    )
    return np.flatnonzero(np.abs(samples) > 6000)[0] / RATE - float(sound.delay)


SOURCES = {
    "aac": (".mp4", ("-c:v", "libx264", "-c:a", "aac")),
    "pcm": (".mov", ("-c:v", "libx264", "-c:a", "pcm_s16le")),
    "vorbis": (".mkv", ("-c:v", "libx264", "-c:a", "libvorbis")),
    "opus": (".webm", ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus")),
}


@WITH_FFMPEG
@pytest.mark.parametrize(("name", "late"), [("aac", 0.0), ("aac", 0.4), ("pcm", 0.4), ("vorbis", 0.0), ("opus", 0.4)])
def test_sound_stays_with_its_pictures(tmp_path, name, late):
    suffix, codecs = SOURCES[name]
    path = flash_and_beep(tmp_path, suffix, *codecs, late=late)
    source = open_source(path)
    frames = np.stack([frame for _, frame in source])
    for wanted in (".mp4", ".webm"):
        writer = write(tmp_path / f"a{wanted}", frames, source.fps, times=source.times, sound=source.sound)
        assert writer.sound
        assert flash_of(tmp_path / f"a{wanted}") == 1.0
        assert beep_of(tmp_path / f"a{wanted}") == pytest.approx(1.0, abs=0.03)
        assert open_source(tmp_path / f"a{wanted}").count == 100
    same = {"aac": ".mp4", "opus": ".webm", "vorbis": ".webm"}.get(name)
    if same:
        assert sound_of(tmp_path / f"a{same}").codecs == {name}, "what a container takes is not encoded again"


@WITH_FFMPEG
def test_sources_without_sound(tmp_path):
    path = write_video(tmp_path / "silent.avi", clip(4)[0])
    assert sound_of(path) is None and sound_of(tmp_path / "none.mp4") is None
    assert not write(tmp_path / "a.mp4", clip(4)[0], sound=path).sound


@WITH_FFMPEG
@pytest.mark.parametrize("suffix", [".webm", ".mov"])
def test_transparency(tmp_path, suffix):
    frames, labels = clip(7)
    ramp = np.broadcast_to(np.linspace(0, 255, 96).astype(np.uint8), (7, 64, 96))
    alpha = np.where(labels > 0, 255, ramp // 2)[..., None].astype(np.uint8)
    codec = write(tmp_path / f"a{suffix}", np.concatenate([frames, alpha], axis=-1), transparent=True).codec
    assert codec == {".webm": "vp9", ".mov": "prores"}[suffix]
    found = decoded(tmp_path / f"a{suffix}", 4, *(("-c:v", "libvpx-vp9") if codec == "vp9" else ()))
    assert found.shape == (7, 64, 96, 4)
    assert np.abs(found[..., 3].astype(int) - alpha[..., 0]).mean() < 4
    solid = np.stack([cv2.erode(each, np.ones((5, 5))) for each in (labels > 0).astype(np.uint8)]) > 0
    assert np.abs(found[..., :3][solid].astype(int) - frames[solid]).mean() < 12


def test_transparency_needs_ffmpeg(tmp_path, monkeypatch):
    monkeypatch.setattr(video_writer, "ffmpeg", lambda: None)
    with pytest.raises(TTVOSError, match=r"a\.webm: a video with transparency needs ffmpeg: install ffmpeg, or: pip"):
        VideoWriter(tmp_path / "a.webm", 20, (64, 96), transparent=True)


def test_only_names_that_can_be_written(tmp_path):
    for name in ("a.avi", "a", "a.mp4.txt"):
        with pytest.raises(TTVOSError, match=rf"{name}: an overlay is a file named \*\.mp4 or \*\.webm"):
            check_suffix(tmp_path / name, "an overlay")
    with pytest.raises(TTVOSError, match=r"a\.mp4: a cut-out is a file named \*\.webm or \*\.mov"):
        check_suffix(tmp_path / "a.mp4", "a cut-out", transparent=True)


def test_a_video_that_could_not_be_written_is_an_error(tmp_path, with_ffmpeg):
    writer = VideoWriter(tmp_path / "a.mp4", 20, (64, 96))
    with pytest.raises(TTVOSError, match=r"a\.mp4: the video could not be written"):
        writer.close()  # without a frame
