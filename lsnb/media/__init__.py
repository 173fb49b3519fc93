"""Reading and writing video and pictures: the only importer of PyAV and OpenCV.

Frames are counted and found by the time at which they are shown, never by an assumed rate, so that an index means the
same frame everywhere: at variable rate, after a cut, in every container.
"""

from lsnb.media.decoding import Frame, frame_times, keyframe_indices, read_frames
from lsnb.media.images import image_size, read_image, write_image
from lsnb.media.probing import VideoInfo, probe
from lsnb.media.signals import (
    SOUND_RATE,
    Signal,
    Thumbnails,
    brightness,
    loudness,
    motion,
    portion,
    read_sound,
    thumbnails,
)
from lsnb.media.transcoding import transcode

__all__ = [
    "SOUND_RATE",
    "Frame",
    "Signal",
    "Thumbnails",
    "VideoInfo",
    "brightness",
    "frame_times",
    "image_size",
    "keyframe_indices",
    "loudness",
    "motion",
    "portion",
    "probe",
    "read_frames",
    "read_image",
    "read_sound",
    "thumbnails",
    "transcode",
    "write_image",
]
